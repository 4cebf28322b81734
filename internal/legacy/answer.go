package legacy

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// The codes of answers. Those that OVH's guides name are 100, 101, 201, 202, 241 and 401; the others are ours, after HTTP's.
const (
	processed       = 100
	processedInPart = 101 // some of the receivers cannot be sent to
	parameterMissed = 201
	parameterWrong  = 202
	senderUnknown   = 241
	notAllowed      = 401
	noCredit        = 402
	disabled        = 403
	tooMany         = 429
	failed          = 500
	unavailable     = 503
)

// missingError says that a parameter is missing.
type missingError struct{ parameter string }

func (e *missingError) Error() string { return "Missing " + e.parameter }

func missing(parameter string) error { return &missingError{parameter} }

func invalid(parameter, why string) error {
	return sms.Errorf(sms.Invalid, "Invalid %s: %s", parameter, why)
}

// codes translates our codes of errors.
var codes = map[sms.Code]int{
	sms.Invalid: parameterWrong, sms.NoService: parameterWrong, sms.NoObject: parameterWrong, sms.InvalidCredential: parameterWrong,
	sms.TooLarge: parameterWrong, sms.Conflict: parameterWrong, sms.NotGranted: notAllowed, sms.NoCredit: noCredit, sms.Forbidden: disabled,
	sms.TooFast: tooMany, sms.Unavailable: unavailable, sms.Internal: failed,
}

// An answer is what a call gets.
type answer struct {
	code    int
	message string // of an error
	credit  string
	ids     []int64
	// retryAfter is when the same may be accepted, 0 = unknown.
	retryAfter time.Duration
}

// refusal makes the answer to an error. help is where the parameters are explained.
func refusal(err error, help string) answer {
	a := answer{code: failed, message: "Internal error"}
	if m, ok := errors.AsType[*missingError](err); ok {
		a = answer{code: parameterMissed, message: m.Error()}
	} else if e, ok := errors.AsType[*sms.Error](err); ok && e.Code != sms.Internal {
		if code, known := codes[e.Code]; known {
			a = answer{code: code, message: e.Message, retryAfter: e.RetryAfter}
		}
	}
	a.message += ". For more information: " + help
	return a
}

// good tells that messages were accepted.
func (a answer) good() bool { return a.code == processed || a.code == processedInPart }

// write answers in the form that was asked for. The HTTP status is 200 whatever happened: programs look at the code.
func (a answer) write(w http.ResponseWriter, contentType string) {
	var body string
	kind := strings.ToLower(strings.TrimSpace(contentType))
	switch kind {
	case "text/xml", "application/xml":
		body = a.xml()
	case "text/json", "application/json":
		body = a.json()
	case "text/html":
		body = a.html()
	default:
		kind, body = "text/plain", a.plain()
	}
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((a.retryAfter+time.Second-1)/time.Second), 10))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(body))
}

// list gives the lines that plain text and HTML share.
func (a answer) list() []string {
	if !a.good() {
		return []string{"KO", a.message}
	}
	all := []string{"OK", a.credit}
	for _, id := range a.ids {
		all = append(all, strconv.FormatInt(id, 10))
	}
	return all
}

func (a answer) plain() string { return strings.Join(a.list(), "\n") + "\n" }

func (a answer) html() string {
	var b strings.Builder
	b.WriteString("<HTML>\n<HEAD><TITLE>HTTP2SMS</TITLE></HEAD>\n<BODY>\n")
	for _, line := range a.list() {
		b.WriteString(html.EscapeString(line) + "<br>\n")
	}
	b.WriteString("</BODY>\n</HTML>\n")
	return b.String()
}

func (a answer) xml() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<response><status>" + strconv.Itoa(a.code) + "</status>")
	if a.good() {
		b.WriteString("<creditLeft>" + a.credit + "</creditLeft><smsIds>")
		for _, id := range a.ids {
			b.WriteString("<smsId>" + strconv.FormatInt(id, 10) + "</smsId>")
		}
		b.WriteString("</smsIds>")
	} else {
		b.WriteString("<message>")
		_ = xml.EscapeText(&b, []byte(a.message))
		b.WriteString("</message>")
	}
	b.WriteString("</response>\n")
	return b.String()
}

// json has the ids under two names: clients differ in which they read.
func (a answer) json() string {
	var v any = struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{a.code, a.message}
	if a.good() {
		ids := make([]string, len(a.ids))
		for i, id := range a.ids {
			ids[i] = strconv.FormatInt(id, 10)
		}
		v = struct {
			Status     int      `json:"status"`
			CreditLeft string   `json:"creditLeft"`
			SMSIDs     []string `json:"SmsIds"`
			SMSids     []string `json:"smsIds"`
		}{a.code, a.credit, ids, ids}
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	return string(text)
}
