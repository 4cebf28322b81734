package ovh

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPackedBodiesAreRefusedByName(t *testing.T) {
	f := newShop(t)
	if got := f.ask("POST", "/1.0/shop/a/close", "\x1f\x8b\x08", "Content-Encoding", "gzip"); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Content-Encoding: gzip") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, coding := range []string{"", "identity", "Identity"} {
		if got := f.ask("POST", "/1.0/shop/a/close", "{}", "Content-Encoding", coding); got.status != http.StatusOK {
			t.Errorf("%q: %d %s", coding, got.status, got.body)
		}
	}
	if got := f.ask("POST", "/1.0/shop/a/close", "", "Content-Encoding", "gzip"); got.status != http.StatusOK {
		t.Errorf("without a body: %d %s", got.status, got.body)
	}
}

// drip gives a body bit by bit, and counts what was taken of it.
type drip struct {
	left, taken int
	wait        chan struct{} // closed when the end may come
	waiting     chan struct{} // closed when everything but the end was taken
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		if d.wait != nil {
			close(d.waiting)
			<-d.wait
		}
		return 0, io.EOF
	}
	n := min(len(p), d.left)
	for i := range n {
		p[i] = ' '
	}
	d.left, d.taken = d.left-n, d.taken+n
	return n, nil
}

func TestLongBodiesTogetherAreBounded(t *testing.T) {
	f := newShop(t)
	slow := &drip{left: 1 << 20, wait: make(chan struct{}), waiting: make(chan struct{})}
	first := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/1.0/shop/a/close", slow))
		first <- w.Code
	}()
	<-slow.waiting
	if held := f.bodies.Load(); held < 1<<20 || held > 4<<20 {
		t.Errorf("a body of a megabyte counts %d", held)
	}
	f.bodies.Add(maxBodies)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/1.0/shop/a/close", &drip{left: 1 << 20}))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
		t.Errorf("beyond the bound: %d %v", w.Code, w.Header())
	}
	if got := f.ask("POST", "/1.0/shop/a/close", "{}"); got.status != http.StatusOK {
		t.Errorf("a short body is taken all the same, and got %d", got.status)
	}
	f.bodies.Add(-maxBodies)
	close(slow.wait)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the first: %d", status)
	}
	if held := f.bodies.Load(); held != 0 {
		t.Errorf("%d bytes are held in the end", held)
	}
}

// A client that is still writing when the connection is closed never sees why.
func TestTheAnswerToABodyThatIsTooLargeArrives(t *testing.T) {
	server := httptest.NewServer(newShop(t))
	defer server.Close()
	for name, head := range map[string]string{
		"length":  "Content-Length: 3145735\r\n\r\n",
		"chunked": "Transfer-Encoding: chunked\r\n\r\n300000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			request := "POST /1.0/shop/a/orders HTTP/1.1\r\nHost: x\r\n" + head + strings.Repeat(" ", 3<<20) + "\r\n0\r\n\r\n"
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 413 ") {
				t.Errorf("%v, %.100q", err, got)
			}
		})
	}
}
