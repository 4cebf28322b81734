package ovh

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"ramier/internal/auth"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Limits of what an entry of the operators' log holds.
const (
	maxLogged      = 8 << 10  // bytes of the parameters
	maxLoggedBody  = 64 << 10 // of a body that is read for them
	maxLoggedText  = 200      // characters of one value
	maxLoggedList  = 20
	maxLoggedDepth = 8
	maxResult      = 300 // characters
)

// operates tells whether a call changes something under /operator, or would.
func (x *exchange) operates(t *target) bool {
	return x.cfg.Store != nil && t.route != nil && t.route.op.Group == "operator" && t.route.op.HTTPMethod != http.MethodGet
}

// recorded serves a call that operates. That it begins is written down before anything is done, and what came of it before it is
// answered; so what was interrupted shows as begun.
func (x *exchange) recorded(ctx context.Context, t *target) error {
	refused := x.admitted(ctx, t)
	l := x.newEntry(t)
	if refused != nil {
		l.Outcome = store.LogRefused
		l.Status, l.Result = failedWith(t.route.op, refused)
		if x.noteworthy() {
			if err := x.cfg.Store.AddOperatorLog(context.WithoutCancel(ctx), l); err != nil {
				x.logError(ctx, x.call, err)
			}
		}
		return refused
	}
	if err := x.cfg.Store.AddOperatorLog(ctx, l); err != nil {
		return err
	}
	x.entry = l
	defer func() {
		if x.entry != nil { // it panicked
			x.endEntry(ctx, store.LogFailed, http.StatusInternalServerError, "Internal server error")
		}
	}()
	err := x.proceed(ctx, t)
	if x.entry != nil && err != nil {
		status, result := failedWith(t.route.op, err)
		x.endEntry(ctx, store.LogFailed, status, result)
	}
	return err
}

// noteworthy tells whether a refusal is to be written down: always an operator's, and of strangers no more than they could fill a disk
// with.
func (x *exchange) noteworthy() bool {
	return x.call.Caller != nil && x.call.Caller.Operator || x.strangers.AllowN(time.Now(), 1) // real time: it is about this machine's disk
}

func (x *exchange) newEntry(t *target) *store.OperatorLog {
	l := &store.OperatorLog{
		At: x.cfg.Now(), QueryID: x.call.QueryID, Operation: t.route.op.String(), Path: shorten(x.r.URL.EscapedPath(), maxLoggedText*2),
		Parameters: loggedParameters(t.route.op, t.values, x.r.URL.RawQuery, x.call.Body), Outcome: store.LogBegun,
	}
	address := auth.RemoteIP(x.r, nil)
	if c := x.call.Caller; c != nil {
		l.Account, l.Person, l.Client, l.Credential, address = c.Account, c.Person, c.ServiceAccount, c.Credential, c.RemoteIP
	}
	if address.IsValid() {
		l.Address = address.String()
	}
	return l
}

// concluded writes down that an operation is done, if it is one to be recorded.
func (x *exchange) concluded(ctx context.Context, out reflect.Value) {
	if x.entry != nil {
		x.endEntry(ctx, store.LogDone, http.StatusOK, made(out))
	}
}

func (x *exchange) endEntry(ctx context.Context, outcome string, status int64, result string) {
	l := x.entry
	x.entry = nil
	l.Outcome, l.Status, l.Result = outcome, status, result
	if err := x.cfg.Store.EndOperatorLog(context.WithoutCancel(ctx), l); err != nil {
		x.cfg.Log.ErrorContext(ctx, "the end of an operator's call was not written down", slog.Int64("entry", l.ID), slog.String("outcome", outcome), slog.Any("error", err))
	}
}

// failedWith gives what is kept of an error. Its words may repeat a value, so they are left out where one is secret.
func failedWith(op *schema.Operation, err error) (status int64, result string) {
	r := refuse(err)
	text := r.body.message
	if cause := r.body.details["cause"]; cause != "" {
		text += ": " + cause
	}
	if takesSecrets(op) {
		text = string(sms.CodeOf(err))
	}
	return int64(r.status), shorten(text, maxResult)
}

// takesSecrets tells whether an operation has a parameter that is never written down. One in the body of a model is taken for one, too.
func takesSecrets(op *schema.Operation) bool {
	return slices.ContainsFunc(op.Parameters, func(p *schema.Parameter) bool {
		return p.Name == "" || isSecret(p.Name) || p.DataType == "password"
	})
}

// isSecret tells by its name that a value must not be written down.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"password", "secret", "token", "passphrase", "otp"}, func(part string) bool { return strings.Contains(name, part) }) ||
		strings.HasSuffix(name, "key") || strings.HasSuffix(name, "keys") || name == "code" || name == "pin"
}

// loggedParameters gives the parameters of a call as JSON, without secrets and long values.
func loggedParameters(op *schema.Operation, path []string, query string, body []byte) string {
	all := map[string]any{}
	names, i := strings.Split(strings.Trim(op.Path, "/"), "/"), 0
	for _, segment := range names {
		if name, ok := parameter(segment); ok && i < len(path) {
			all[name] = shown(name, path[i], 0)
			i++
		}
	}
	values, _ := url.ParseQuery(query) // as far as it can be read
	for name, value := range values {
		all[shorten(name, maxLoggedText)] = shown(name, value[0], 0)
	}
	switch {
	case len(body) > maxLoggedBody:
		all["(body)"] = fmt.Sprintf("(%d bytes)", len(body))
	case len(bytes.TrimSpace(body)) > 0:
		var given map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&given); err != nil {
			all["(body)"] = "(it cannot be read)"
		}
		for name, value := range given {
			all[shorten(name, maxLoggedText)] = shown(name, value, 0)
		}
	}
	text, err := json.Marshal(all)
	if err != nil || len(text) > maxLogged {
		text = fmt.Appendf(nil, `{"(parameters)":"(%d bytes)"}`, len(text))
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(text), ""), `\u0000`, "")
}

// shown gives a value as it is written down.
func shown(name string, v any, depth int) any {
	if isSecret(name) {
		return "(secret)"
	}
	if depth > maxLoggedDepth {
		return "(…)"
	}
	switch v := v.(type) {
	case string:
		return shorten(v, maxLoggedText)
	case []any:
		some := v[:min(len(v), maxLoggedList)]
		out := make([]any, len(some), len(some)+1)
		for i := range some {
			out[i] = shown(name, some[i], depth+1)
		}
		if len(v) > len(some) {
			out = append(out, fmt.Sprintf("(%d in all)", len(v)))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if len(out) < maxLoggedList*2 {
				out[shorten(key, maxLoggedText)] = shown(key, value, depth+1)
			}
		}
		return out
	}
	return v
}

func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// made names what an operation has made, by the properties of its answer that are names and numbers of things.
func made(out reflect.Value) string {
	if out.Kind() != reflect.Struct {
		return ""
	}
	var found []string
	for i := range out.NumField() {
		name, _, _ := strings.Cut(out.Type().Field(i).Tag.Get("json"), ",")
		if v := out.Field(i); slices.Contains([]string{"id", "name", "login", "orderId", "credentialId", "serviceName", "invoice"}, name) {
			if v.Kind() == reflect.Pointer && v.IsNil() {
				continue
			}
			found = append(found, fmt.Sprintf("%s = %v", name, reflect.Indirect(v)))
		}
	}
	return shorten(strings.Join(found, ", "), maxResult)
}

const (
	usualLog = 100
	maxLog   = 1000 // entries of a page
)

// listLog gives what operators have done, a page of it, the newest first.
func (a *API) listLog(ctx context.Context, _ *Call, in getOperatorLogIn) ([]operatorLogEntry, error) {
	limit := int64(usualLog)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if err := within("limit", limit, 1, maxLog); err != nil {
		return nil, err
	}
	f := store.OperatorLogFilter{
		Account: deref(in.Account), Person: deref(in.Person), Operation: deref(in.Operation), Outcome: string(deref(in.Outcome)),
		Credential: deref(in.CredentialID), Before: deref(in.Before), Limit: int(limit),
	}
	if in.Since != nil {
		f.From = in.Since.Time
	}
	if in.Until != nil {
		f.To = in.Until.Time
	}
	all, err := a.store.OperatorLogs(ctx, f)
	out := make([]operatorLogEntry, len(all))
	for i, l := range all {
		out[i] = operatorLogEntry{
			ID: l.ID, Datetime: datetime{l.At}, Account: orNull(l.Account), Person: orNull(l.Person), Client: orNull(l.Client), Address: l.Address,
			QueryID: l.QueryID, Operation: l.Operation, Path: l.Path, Parameters: cmp.Or(l.Parameters, "{}"), Outcome: operatorLogOutcome(l.Outcome),
			Result: l.Result,
		}
		if l.Credential != 0 {
			out[i].CredentialID = new(l.Credential)
		}
		if l.Status != 0 {
			out[i].Status = new(l.Status)
		}
	}
	return out, err
}
