package ovh

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"ramier/internal/sms"
)

// A class is how OVH answers errors of one code.
type class struct {
	status    int
	name      string
	errorCode string // empty where OVH sends none
	message   string // OVH's own words; empty where the error's are sent
}

// classes translates our codes into OVH's answers. It is the only place that knows them.
var classes = map[sms.Code]class{
	sms.Internal:          {500, "Server::InternalServerError", "", "Internal server error"},
	sms.Invalid:           {400, "Client::BadRequest", "", ""},
	sms.NotAuthenticated:  {401, "Client::Unauthorized", "NOT_CREDENTIAL", "You must login first"},
	sms.UnknownKey:        {403, "Client::Forbidden", "INVALID_KEY", "This application key is invalid"},
	sms.UnknownCredential: {403, "Client::Forbidden", "NOT_CREDENTIAL", "This credential does not exist"},
	sms.InvalidCredential: {403, "Client::Forbidden", "INVALID_CREDENTIAL", "This credential is not valid"},
	sms.BadSignature:      {400, "Client::BadRequest", "INVALID_SIGNATURE", "Invalid signature"},
	sms.StaleRequest:      {400, "Client::BadRequest", "QUERY_TIME_OUT", "Query out of time"},
	sms.NotGranted:        {403, "Client::Forbidden", "NOT_GRANTED_CALL", "This call has not been granted"},
	sms.Forbidden:         {403, "Client::Forbidden", "FORBIDDEN", "User not granted for this request"},
	sms.NoRoute:           {404, "Client::NotFound", "", "Got an invalid (or empty) URL"},
	sms.NoService:         {404, "Client::NotFound", "", "This service does not exist"},
	sms.NoObject:          {404, "Client::ObjectNotFound", "", ""},
	sms.NoCredit:          {403, "Client::Forbidden", "", ""},
	sms.Guarded:           {403, "Client::Forbidden", "", ""},
	sms.Conflict:          {409, "Client::Conflict", "", ""},
	sms.TooLarge:          {413, "Client::RequestEntityTooLarge", "", ""},
	sms.TooFast:           {429, "Client::TooManyRequests", "", ""},
	sms.Unavailable:       {503, "Server::ServiceUnavailable", "", ""},
}

// patience is how long clients are told to wait when the error does not say.
var patience = map[sms.Code]time.Duration{sms.TooFast: time.Second, sms.Unavailable: 5 * time.Second}

// failure is the body of an error. There is no member "code": OVH's Go client would take it for the status.
type failure struct {
	class     string
	errorCode string
	httpCode  string
	message   string
	details   map[string]string
}

// A refusal is an error ready to be sent.
type refusal struct {
	status     int
	retryAfter time.Duration
	body       failure
}

// refuse translates an error. Where OVH's words are known they are sent, and ours go into details.cause; the cause of
// an error of ours is for the log only.
func refuse(err error) refusal {
	code := sms.CodeOf(err)
	c, known := classes[code]
	if !known {
		code, c = sms.Internal, classes[sms.Internal]
	}
	r := refusal{status: c.status, retryAfter: patience[code], body: failure{
		class: c.name, errorCode: c.errorCode, message: c.message,
		httpCode: strconv.Itoa(c.status) + " " + http.StatusText(c.status),
	}}
	e, ours := errors.AsType[*sms.Error](err)
	if !ours || code == sms.Internal {
		return r
	}
	details := map[string]string{}
	for name, value := range e.Details {
		details[name] = value
	}
	delete(details, "code")
	switch {
	case c.message == "":
		r.body.message = e.Message
	case e.Message != "" && e.Message != c.message && details["cause"] == "":
		details["cause"] = e.Message
	}
	if r.body.message == "" {
		r.body.message = "The requested object does not exist"
	}
	r.body.message = clip(r.body.message)
	for name, value := range details {
		details[name] = clip(value)
	}
	if len(details) > 0 {
		r.body.details = details
	}
	if e.RetryAfter > 0 {
		r.retryAfter = e.RetryAfter
	}
	return r
}

// maxSaid is how many characters of a text in an error are sent. Errors repeat what is wrong, and that may be long.
const maxSaid = 4000

// clip takes the middle out of a text that is too long: its beginning names the field, its end the cure.
func clip(text string) string {
	if len(text) <= maxSaid {
		return text
	}
	runes := []rune(text)
	if len(runes) <= maxSaid {
		return text
	}
	return string(runes[:maxSaid/2]) + "…" + string(runes[len(runes)-maxSaid/2:])
}

// encode writes the body of the error; members without a value are left out.
func (f *failure) encode(e *encoder) {
	e.raw(`{"class":`)
	e.text(f.class)
	if f.errorCode != "" {
		e.raw(`,"errorCode":`)
		e.text(f.errorCode)
	}
	e.raw(`,"httpCode":`)
	e.text(f.httpCode)
	e.raw(`,"message":`)
	e.text(f.message)
	if f.details != nil {
		e.raw(`,"details":`)
		e.texts(f.details)
	}
	e.raw("}")
}

// logError writes down what the caller is not told.
func (s *server) logError(ctx context.Context, c *Call, err error) {
	switch code := sms.CodeOf(err); {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // the client went away
	case code == sms.Internal:
		s.cfg.Log.LogAttrs(ctx, slog.LevelError, "request failed", c.attrs(err)...)
	case code == sms.Unavailable && errors.Unwrap(err) != nil:
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "request put off", c.attrs(err)...)
	}
}

// attrs are what the log says about a failed call.
func (c *Call) attrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.String("queryId", c.QueryID), slog.String("error", err.Error())}
	if cause := errors.Unwrap(err); cause != nil {
		attrs = append(attrs, slog.String("cause", cause.Error()))
	}
	if c.Operation != nil {
		attrs = append(attrs, slog.String("operation", c.Operation.String()))
	}
	if c.Caller != nil {
		attrs = append(attrs, slog.String("account", c.Caller.Account))
	}
	return attrs
}
