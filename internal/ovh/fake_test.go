package ovh

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// A shop is a small API of its own, so that the machinery is tested apart from the resources of OVH.

//go:embed testdata/fake.json
var fakeSchema []byte

type (
	shopLine struct {
		What string `json:"what"`
		Many int64  `json:"many"`
	}
	shopLineBody struct {
		What string `json:"what"`
		Many *int64 `json:"many"`
	}
	shopOrder struct {
		ID      int64     `json:"id"`
		Color   string    `json:"color"`
		Weight  float64   `json:"weight"`
		Created datetime  `json:"created"`
		Note    *string   `json:"note"`
		Line    *shopLine `json:"line"`
	}
	shopShop struct {
		Name     string     `json:"name"`
		Credits  float64    `json:"credits"`
		CallBack *string    `json:"callBack"`
		Title    string     `json:"title"`
		Lines    []shopLine `json:"lines"`
		Best     *shopLine  `json:"best"`
	}
	shopShopBody struct {
		CallBack nullable[string]       `json:"callBack"`
		Title    *string                `json:"title"`
		Lines    []shopLineBody         `json:"lines"`
		Best     nullable[shopLineBody] `json:"best"`
	}
	shopName struct {
		Name string `json:"name"`
	}
	shopListIn struct {
		Tags map[string][]shopLineBody `json:"tags"`
	}
	shopPutIn struct {
		Name string       `json:"name"`
		Body shopShopBody `json:"(body)"`
	}
	shopOrdersIn struct {
		Name  string    `json:"name"`
		Since *datetime `json:"since.from"`
		Tag   *string   `json:"tag"`
		Count *int64    `json:"count"`
		Gift  *bool     `json:"gift"`
		IDs   []int64   `json:"ids"`
	}
	shopOrderIn struct {
		Name        string            `json:"name"`
		Message     string            `json:"message"`
		Count       *int64            `json:"count"`
		Weight      *float64          `json:"weight"`
		Gift        *bool             `json:"gift"`
		At          *datetime         `json:"at"`
		Day         *string           `json:"day"`
		Ref         *string           `json:"ref"`
		From        *string           `json:"from"`
		Block       *string           `json:"block"`
		Wait        *string           `json:"wait"`
		Secret      *string           `json:"secret"`
		Color       *string           `json:"color"`
		Size        *int64            `json:"size"`
		Items       []string          `json:"items"`
		IDs         []int64           `json:"ids"`
		Lines       []shopLineBody    `json:"lines"`
		Labels      map[string]string `json:"labels"`
		AccessRules []shopLineBody    `json:"accessRules"`
		Key         *string           `json:"Idempotency-Key"`
		Unused      string            `json:"unused"` // an endpoint's own type may have more
	}
	shopOneIn struct {
		Name string `json:"name"`
		ID   int64  `json:"id"`
	}
	shopDeleteIn struct {
		Name  string  `json:"name"`
		ID    int64   `json:"id"`
		Force bool    `json:"force"`
		Note  *string `json:"note"`
	}
)

// shop keeps what its endpoints were called with.
type shop struct {
	*server
	cfg    Config
	last   any
	call   *Call
	asked  []int64 // orders that were loaded
	caller *sms.Caller
	denied error
	fails  map[string]error
	log    strings.Builder
}

func newShop(t testing.TB) *shop {
	t.Helper()
	doc, err := schema.Parse(fakeSchema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	f := &shop{caller: &sms.Caller{Account: "ab12345-ovh"}, fails: map[string]error{}}
	f.cfg = Config{
		Authenticate: func(*http.Request, []byte) (*sms.Caller, error) { return f.caller, f.denied },
		Now:          func() time.Time { return time.Unix(1_769_900_000, 0) },
		Random:       func() uint64 { return 0xfeed },
		PublicURLs:   []string{"https://sms.example.org"},
		Log:          slog.New(slog.NewTextHandler(&f.log, nil)),
		MaxBody:      1 << 20, MaxBatch: 5,
	}.withDefaults()
	f.server = newServer(f.cfg, s, f.routes())
	return f
}

func note[In, Out any](f *shop, answer Out) handler {
	return endpoint(func(_ context.Context, c *Call, in In) (Out, error) {
		f.last, f.call = in, c
		return answer, nil
	})
}

func (f *shop) routes() map[string]handler {
	return map[string]handler{
		"GET /open":                       note[struct{}](f, int64(7)),
		"GET /operator/secret":            note[struct{}](f, int64(8)),
		"GET /shop":                       note[shopListIn](f, []string(nil)),
		"GET /shop/failure":               endpoint(f.failure),
		"GET /shop/{name}":                note[shopName](f, shopShop{Name: "<A & B>"}),
		"PUT /shop/{name}":                note[shopPutIn](f, void{}),
		"POST /shop/{name}/close":         note[shopName](f, void{}),
		"GET /shop/{name}/lines":          note[shopName](f, []shopLine{{"tea", 3}, {"cup", 1}, {"jug", 2}}),
		"GET /shop/{name}/orders":         note[shopOrdersIn](f, []int64{1, 2, 3, 4, 5, 6, 7}),
		"POST /shop/{name}/orders":        note[shopOrderIn](f, int64(12)),
		"GET /shop/{name}/orders/{id}":    endpoint(f.order),
		"DELETE /shop/{name}/orders/{id}": note[shopDeleteIn](f, void{}),
	}
}

func (f *shop) failure(_ context.Context, _ *Call, in struct {
	Code string `json:"code"`
},
) (void, error) {
	switch in.Code {
	case "panic":
		panic("secret of the house")
	case "plain":
		return void{}, errors.New("secret of the house")
	}
	return void{}, f.fails[in.Code]
}

// order 4 is gone.
func (f *shop) order(_ context.Context, _ *Call, in shopOneIn) (shopOrder, error) {
	f.asked = append(f.asked, in.ID)
	if in.ID < 1 || in.ID > 7 || in.ID == 4 {
		return shopOrder{}, sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", in.ID)
	}
	o := shopOrder{
		ID: in.ID, Color: []string{"red", "blue"}[in.ID%2], Weight: float64(in.ID) / 2,
		Created: datetime{time.Date(2026, 7, int(in.ID), 10, 0, 0, 0, time.UTC)},
	}
	if in.ID > 5 {
		o.Note, o.Line = new(fmt.Sprintf("note %d", in.ID)), &shopLine{What: "tea"}
	}
	return o, nil
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; extra are header names and values in turn.
func (f *shop) ask(method, path, body string, extra ...string) answer {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, path, nil)
	} else {
		r = httptest.NewRequest(method, path, strings.NewReader(body))
	}
	for pair := range slices.Chunk(extra, 2) {
		r.Header.Add(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	data, _ := io.ReadAll(w.Result().Body)
	return answer{w.Code, w.Result().Header, string(data)}
}

// refusal reads an answer as an error.
func (a answer) refusal(t *testing.T) (body struct {
	Class, ErrorCode, HTTPCode, Message string
	Details                             map[string]string
},
) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Errorf("the error is not JSON: %v: %s", err, a.body)
	}
	return body
}
