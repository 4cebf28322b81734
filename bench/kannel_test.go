package bench

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKannelsFiles(t *testing.T) {
	for _, c := range []struct {
		receipts string
		has, not []string
	}{
		{"memory", []string{"dlr-storage = internal", `host = "127.0.0.1"`, "port = 2775", "max-pending-submits = 1000"}, []string{"sqlite3"}},
		{"sqlite", []string{"dlr-storage = sqlite3", "group = sqlite3-connection", "dlr.db"}, []string{"internal"}},
	} {
		dir := t.TempDir()
		path, door, err := kannelFiles(t.Context(), dir, c.receipts, &operator{address: "127.0.0.1:2775"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(c.has, "sendsms-port = "+door.Host[strings.LastIndexByte(door.Host, ':')+1:]) {
			if !strings.Contains(string(text), want) {
				t.Errorf("receipts in %s: %q is not in\n%s", c.receipts, want, text)
			}
		}
		for _, unwanted := range append(c.not, "%!") {
			if strings.Contains(string(text), unwanted) {
				t.Errorf("receipts in %s: %q is in\n%s", c.receipts, unwanted, text)
			}
		}
	}
}

func TestKannelsTableTakesReceipts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dlr.db")
	if err := makeReceipts(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO dlr (smsc, ts, destination, source, service, url, mask, boxc, status) VALUES ('a', '1', 'b', 'c', 'd', 'e', 3, 'f', 0)"); err != nil {
		t.Error(err)
	}
}

func TestReceiptSinkCounts(t *testing.T) {
	calls, url, stop, err := receiptSink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answer, err := http.Get(url + "?n=1&state=1")
	if err != nil || answer.StatusCode != http.StatusOK || calls.Load() != 1 {
		t.Errorf("%v, %d calls", err, calls.Load())
	}
	_ = answer.Body.Close()
}
