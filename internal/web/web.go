// Package web is the pages that the owners of accounts see: where they sign in, approve what applications ask for, make applications
// and keys, and take them back; and the chat pages of virtual numbers. They are plain HTML made here; one script speaks to the devices that hold
// passkeys, and everything else works without it. The console for everyday work is another package.
package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

//go:embed templates static
var files embed.FS

// Config is what the pages are made with. All but Zone, TrustedProxies and Sandbox is needed.
type Config struct {
	Store          *store.Store
	Submit         *submit.Submitter // for the answers on chat pages
	SignIns        *auth.SignIns
	Verifier       *auth.Verifier
	Now            func() time.Time
	Log            *slog.Logger
	PublicURLs     []string // by which browsers come
	TrustedProxies []netip.Prefix
	Zone           *time.Location // of the times shown, UTC
	Sandbox        bool           // say so on every page
}

// Pages is the web pages. Has tells which paths are theirs.
type Pages struct {
	cfg       Config
	mux       *http.ServeMux
	guard     *http.CrossOriginProtection
	templates map[string]*template.Template // by language
	assets    map[string]asset              // by path
	style     string                        // its path
	script    string
}

// An asset is a file that browsers keep: its path changes with it.
type asset struct {
	kind string
	data []byte
}

// Limits of what a browser may send.
const (
	maxForm  = 256 << 10 // bytes
	maxNext  = 16 << 10  // bytes of an address to go to after the sign-in: createToken has the rules in its own
	patience = 30 * time.Second
)

// New makes the pages. It panics on a mistake in their files.
func New(cfg Config) *Pages {
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	p := &Pages{cfg: cfg, mux: http.NewServeMux(), guard: http.NewCrossOriginProtection(), templates: map[string]*template.Template{}, assets: map[string]asset{}}
	p.style = p.asset("style.css", "text/css; charset=utf-8")
	p.script = p.asset("passkey.js", "text/javascript; charset=utf-8")
	for _, lang := range languages {
		p.templates[lang] = template.Must(template.New("").Funcs(template.FuncMap{
			"t": func(key string, args ...any) string { return say(lang, key, args...) },
			"time": func(t time.Time) string {
				if t.IsZero() {
					return say(lang, "never")
				}
				return t.In(cfg.Zone).Format("2006-01-02 15:04")
			},
			"zulu": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
			"dict": dict,
			"means": func(all string) string {
				var words []string
				for one := range strings.SplitSeq(all, "+") {
					words = append(words, say(lang, "means."+one))
				}
				return strings.Join(words, " + ")
			},
			"words": func(rules []sms.AccessRule) []right {
				return describe(rules, func(k string, a ...any) string { return say(lang, k, a...) })
			},
		}).ParseFS(files, "templates/*.html"))
	}
	p.routes()
	return p
}

// asset reads a file and gives its path.
func (p *Pages) asset(name, kind string) string {
	data, err := files.ReadFile("static/" + name)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(data)
	at := "/assets/" + hex.EncodeToString(sum[:6]) + path.Ext(name)
	p.assets[at] = asset{kind, data}
	return at
}

// dict makes a map of pairs, for templates that need several values.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// tops are the beginnings of the paths of the pages.
var tops = []string{"/auth", "/signin", "/signout", "/createApp", "/createToken", "/account", "/assets", "/lang", "/chat"}

// Has tells whether a path is one of the pages'.
func (p *Pages) Has(path string) bool {
	for _, top := range tops {
		if rest, ok := strings.CutPrefix(path, top); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

func (p *Pages) routes() {
	open := func(pattern string, page func(*visit) error) { p.mux.Handle(pattern, p.page(page)) }
	own := func(pattern string, page func(*visit) error) { p.mux.Handle(pattern, p.page(signedIn(page))) }

	p.mux.HandleFunc("GET /assets/{name}", p.serveAsset)
	open("GET /lang/{lang}", (*visit).setLanguage)
	open("GET /signin", (*visit).showSignIn)
	open("POST /signin", (*visit).signIn)
	open("POST /signin/passkey", (*visit).signInWithPasskey)
	open("GET /signin/oidc", (*visit).toProvider)
	open("GET "+callbackPath, (*visit).fromProvider)
	own("POST /signout", (*visit).signOut)
	own("GET /auth/{$}", (*visit).showConsent)
	own("POST /auth/{$}", (*visit).answerConsent)
	for _, path := range []string{"/createApp/{$}", "/createApp/index.cgi"} {
		own("GET "+path, (*visit).showCreateApp)
		own("POST "+path, (*visit).createApp)
	}
	for _, path := range []string{"/createToken/{$}", "/createToken/index.cgi"} {
		own("GET "+path, (*visit).showCreateToken)
		own("POST "+path, (*visit).createToken)
	}
	own("GET /account/{$}", (*visit).showHome)
	own("POST /account/keys/{id}/revoke", (*visit).revokeKey)
	own("POST /account/applications/{id}/delete", (*visit).deleteApplication)
	own("POST /account/sessions/{id}/end", (*visit).endSession)
	own("POST /account/sessions/end", (*visit).endSessions)
	own("GET /account/security", (*visit).showSecurity)
	own("POST /account/security/password", (*visit).changePassword)
	own("POST /account/security/code", (*visit).switchCodeOn)
	own("POST /account/security/code/off", (*visit).switchCodeOff)
	own("POST /account/security/recovery", (*visit).newRecovery)
	own("POST /account/security/passkeys", (*visit).addPasskey)
	own("POST /account/security/passkeys/{id}/name", (*visit).renamePasskey)
	own("POST /account/security/passkeys/{id}/remove", (*visit).removePasskey)
	own("POST /account/security/identities", (*visit).linkIdentity)
	own("POST /account/security/identities/{id}/unlink", (*visit).unlinkIdentity)
	for _, top := range []string{"/auth", "/createApp", "/createToken", "/account"} {
		p.mux.HandleFunc("GET "+top, func(w http.ResponseWriter, r *http.Request) {
			u := url.URL{Path: top + "/", RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, u.String(), http.StatusMovedPermanently)
		})
	}
	open("GET /chat/{id}/{key}", (*visit).showChat)
	open("POST /chat/{id}/{key}", (*visit).answerChat)
	open("/", func(*visit) error { return errNotFound })
}

// ServeHTTP answers a browser. No page may be framed or kept, and only those that ask devices for passkeys may run a script: ours.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy(""))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	r = r.WithContext(ctx)
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	p.mux.ServeHTTP(w, r)
}

// policy is the Content-Security-Policy. A form may lead, by a redirection, to one more origin.
func policy(origin string) string {
	forms := "'self'"
	if origin != "" {
		forms += " " + origin
	}
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action " + forms + "; frame-ancestors 'none'; base-uri 'none'"
}

func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := p.assets[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.data) // the browser went away
}

// Visitor tells who a request comes from.
func (p *Pages) Visitor(r *http.Request) auth.Visitor {
	return auth.Visitor{Address: auth.RemoteIP(r, p.cfg.TrustedProxies), Agent: r.UserAgent()}
}

// A visit is one request of a browser and its answer.
type visit struct {
	*Pages
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context //nolint:containedctx // a visit lives as long as its request
	lang    string
	session store.Session // its id is 0 when nobody has signed in
	token   string        // of the session
	browser auth.Browser  // its mark is empty until somebody asks
}

var errNotFound = errors.New("there is no such page")

// errForeign is a form that does not come from our own pages.
var errForeign = errors.New("the form came from another site")

// page serves a page, and what goes wrong with it.
func (p *Pages) page(serve func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Pages: p, w: w, r: r, ctx: r.Context(), lang: languageOf(r)}
		err := v.prepare()
		if err == nil {
			err = serve(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// prepare finds out who is there, and refuses what another site made the browser send.
func (v *visit) prepare() error {
	if err := v.guard.Check(v.r); err != nil {
		return errForeign
	}
	if v.r.Method == http.MethodPost {
		if err := v.r.ParseForm(); err != nil {
			if _, long := errors.AsType[*http.MaxBytesError](err); long {
				return sms.Errorf(sms.TooLarge, "the form is too long")
			}
			return sms.Errorf(sms.Invalid, "the form cannot be read")
		}
	}
	c, err := v.r.Cookie(v.cookieName())
	if err != nil {
		return nil //nolint:nilerr // nobody has signed in
	}
	session, ok, err := v.cfg.SignIns.Session(v.ctx, c.Value)
	if ok {
		v.session, v.token = session, c.Value
	}
	return err
}

// signedIn sends those away who have not signed in, and refuses forms that were not made for this session.
func signedIn(page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if v.session.ID == 0 {
			next := ""
			if v.r.Method == http.MethodGet {
				next = v.r.URL.RequestURI()
			}
			return v.toSignIn(next)
		}
		if v.r.Method == http.MethodPost && subtle.ConstantTimeCompare([]byte(v.r.PostForm.Get("csrf")), []byte(v.csrf())) != 1 {
			return errForeign
		}
		return page(v)
	}
}

// csrf is the mark of a form that was made for this session.
func (v *visit) csrf() string {
	if v.token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("form " + v.token))
	return hex.EncodeToString(sum[:])
}

// A view is what a template is filled with.
type view struct {
	Lang, Other string
	Title       string
	Brand       string // of who resells to the account, or our own
	Style       string
	Script      string // empty for most pages
	Here        string // to come back to after a change of the language
	Sandbox     bool
	Insecure    bool
	Account     string // empty when nobody has signed in
	CSRF        string
	Error       string // what went wrong
	Notice      string // what went well
	Body        any
}

// show answers with a page.
func (v *visit) show(status int, name, title string, body any, more ...func(*view)) error {
	data := &view{
		Lang: v.lang, Other: otherThan(v.lang), Title: title, Brand: cmp.Or(v.session.Brand, "Ramier"), Style: v.style, Here: v.here(), Sandbox: v.cfg.Sandbox,
		Insecure: !v.secure() && !v.loopback(), Account: v.session.Account.Name, CSRF: v.csrf(), Body: body,
	}
	for _, change := range more {
		change(data)
	}
	var out bytes.Buffer
	if err := v.templates[v.lang].ExecuteTemplate(&out, name, data); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Set("Vary", "Accept-Language, Cookie")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(out.Bytes()) // the browser went away
	return nil
}

// here is the address of this page, of the form where its answer is shown.
func (v *visit) here() string {
	if v.r.Method == http.MethodGet && v.r.URL.Path != callbackPath {
		return v.r.URL.RequestURI()
	}
	u := url.URL{Path: v.r.URL.Path}
	switch {
	case strings.HasPrefix(u.Path, "/auth"):
		u.RawQuery = url.Values{"credentialToken": {v.r.PostForm.Get("credentialToken")}}.Encode()
	case strings.HasPrefix(u.Path, "/account/security"):
		u.Path = "/account/security"
	case strings.HasPrefix(u.Path, "/signin"):
		u.Path = "/signin"
	case strings.HasPrefix(u.Path, "/account"):
		u.Path = "/account/"
	}
	return u.String()
}

// withScript lets a page run the script.
func (v *visit) withScript(w *view) {
	w.Script = v.script
	v.w.Header().Set("Content-Security-Policy", policy("")+"; script-src 'self'")
}

func withError(text string) func(*view)  { return func(w *view) { w.Error = text } }
func withNotice(text string) func(*view) { return func(w *view) { w.Notice = text } }

// say gives words in the language of the visit.
func (v *visit) say(key string, args ...any) string { return say(v.lang, key, args...) }

// fail shows what went wrong; what is our own fault goes to the log.
func (v *visit) fail(err error) {
	status, text := http.StatusInternalServerError, v.say("error.internal")
	switch code := sms.CodeOf(err); {
	case errors.Is(err, errNotFound), code == sms.NoObject:
		status, text = http.StatusNotFound, v.say("error.notfound")
	case errors.Is(err, errForeign):
		status, text = http.StatusForbidden, v.say("error.origin")
	case code == sms.TooLarge:
		status, text = http.StatusRequestEntityTooLarge, v.say("error.toolarge")
	case code == sms.Unavailable:
		status = http.StatusServiceUnavailable
	case code != sms.Internal:
		status, text = http.StatusBadRequest, err.Error()
	}
	if status >= http.StatusInternalServerError && v.ctx.Err() == nil {
		v.cfg.Log.ErrorContext(v.ctx, "a page failed", slog.String("path", v.logged()), slog.Any("error", err), slog.Any("cause", errors.Unwrap(err)))
	}
	if err := v.show(status, "error.html", v.say("error.title"), nil, withError(text)); err != nil {
		http.Error(v.w, text, status)
	}
}

// logged is the path as the log may have it: without the key of a chat page.
func (v *visit) logged() string {
	if key := v.r.PathValue("key"); key != "" {
		return strings.TrimSuffix(v.r.URL.Path, key) + "..."
	}
	return v.r.URL.Path
}

// to sends the browser to another page of ours.
func (v *visit) to(path string) error {
	v.w.Header().Set("Location", path)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}
