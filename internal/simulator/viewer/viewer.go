// Package viewer shows the simulated operator's handsets in a browser: what arrived, what they wrote, and a field to write more.
package viewer

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ramier/internal/simulator"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock":  func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") },
	"escape": url.PathEscape,
}).ParseFS(files, "pages/*.html"))

// How much a page shows.
const (
	maxPhones = 100 // those that received something last
	maxLines  = 200 // messages that arrived; what was written has a limit of its own
	maxForm   = 64 << 10
)

// policy lets a page load its own style and script, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// path is where the pages begin, below the place of the handler.
const path = "/phones"

// page is what the template shows.
type page struct {
	Root   string // from the page to the handler's place
	Lang   string
	T      words
	Phones []phone
	Number string // of the open handset, empty without one
	Lines  []line
	To     []string // whom it can write to
	Given  struct{ To, Text string }
	Error  string
}

type phone struct {
	Number, Text string
	At           time.Time
	Count        uint64
	Open         bool
}

// line is a message: of somebody to the handset, or its own.
type line struct {
	Own         bool
	Other, Text string
	At          time.Time
	Message     simulator.Message // unless it is the handset's own
}

// Control gives an operator's control API with the pages of its handsets beside it, at /phones.
func Control(s *simulator.Simulator) http.Handler {
	v := viewer{s}
	mux := http.NewServeMux()
	static, _ := fs.Sub(files, "pages")
	for pattern, h := range map[string]http.Handler{
		"GET " + path: http.HandlerFunc(v.list), "GET " + path + "/{number}": http.HandlerFunc(v.phone),
		"POST " + path + "/{number}": http.HandlerFunc(v.write),
		"GET " + path + ".css":       http.FileServerFS(static), "GET " + path + ".js": http.FileServerFS(static),
	} {
		mux.Handle(pattern, guarded(h))
	}
	mux.Handle("/", s.Control())
	return mux
}

// guarded lets a page load nothing from elsewhere, nor be shown in a page from elsewhere.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		h.ServeHTTP(w, r)
	})
}

type viewer struct{ s *simulator.Simulator }

// list shows all handsets, or leads to the one that is asked for.
func (v viewer) list(w http.ResponseWriter, r *http.Request) {
	if number := strings.TrimSpace(r.URL.Query().Get("number")); number != "" {
		to(w, "phones/"+url.PathEscape(number))
		return
	}
	v.show(w, r, http.StatusOK, page{})
}

func (v viewer) phone(w http.ResponseWriter, r *http.Request) {
	p, err := v.open(r.PathValue("number"))
	status := http.StatusOK
	if err != nil {
		status, p.Error = http.StatusBadRequest, err.Error()
	}
	v.show(w, r, status, p)
}

// open reads a handset.
func (v viewer) open(number string) (page, error) {
	p := page{Root: "../"}
	came, err := v.s.Search(simulator.Query{Handset: number, Limit: maxLines})
	if err != nil {
		return p, err
	}
	said, err := v.s.Said(number)
	if err != nil {
		return p, err
	}
	p.Number = number
	for _, m := range came {
		p.Lines = append(p.Lines, line{Other: m.From, Text: m.Text, At: m.Taken, Message: m})
	}
	for _, m := range said {
		p.Lines = append(p.Lines, line{Own: true, Other: m.To, Text: m.Text, At: m.At})
	}
	slices.SortStableFunc(p.Lines, func(a, b line) int { return a.At.Compare(b.At) })
	for i := len(p.Lines) - 1; i >= 0; i-- {
		if other := p.Lines[i].Other; !slices.Contains(p.To, other) && strings.Trim(other, "+0123456789") == "" {
			p.To = append(p.To, other)
		}
	}
	return p, nil
}

func (v viewer) write(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	number := r.PathValue("number")
	err := r.ParseForm()
	given := struct{ To, Text string }{strings.TrimSpace(r.PostForm.Get("to")), strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n")}
	if err == nil {
		err = v.s.Reply(number, given.To, given.Text)
	}
	if err == nil {
		to(w, url.PathEscape(number))
		return
	}
	p, wrong := v.open(number)
	p.Error, p.Given = cmp.Or(wrong, err).Error(), given
	status := http.StatusBadRequest
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		status = http.StatusRequestEntityTooLarge
	}
	v.show(w, r, status, p)
}

// to leads to another page by an address relative to this one: the handler does not know where it hangs.
func to(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

func (v viewer) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Lang = language(r)
	p.T = texts[p.Lang]
	all := v.s.Handsets()
	slices.SortFunc(all, func(a, b simulator.Handset) int { return cmp.Compare(b.Last.Seq, a.Last.Seq) })
	for _, h := range all[:min(len(all), maxPhones)] {
		p.Phones = append(p.Phones, phone{h.Number, h.Last.Text, h.Last.Taken, h.Count, h.Number == p.Number})
	}
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, "phones.html", p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.Copy(w, &out)
}
