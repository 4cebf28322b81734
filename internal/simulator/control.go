package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ramier/internal/smpp"
)

// Control is the API by which people and tests look at the handsets, write replies and break the operator.
func (s *Simulator) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /status", answering(func(*http.Request) (any, error) { return s.Status(), nil }))
	mux.Handle("GET /magic", answering(func(*http.Request) (any, error) { return Magic(), nil }))
	mux.Handle("GET /handsets", answering(func(*http.Request) (any, error) { return s.Handsets(), nil }))
	mux.Handle("GET /handsets/{number}/messages", answering(s.getMessages))
	mux.Handle("GET /handsets/{number}/replies", answering(func(r *http.Request) (any, error) { return s.Said(r.PathValue("number")) }))
	mux.Handle("POST /handsets/{number}/replies", answering(s.postReply))
	mux.Handle("GET /messages", answering(s.getMessages))
	mux.HandleFunc("GET /arrivals", s.getArrivals)
	mux.Handle("GET /faults", answering(func(*http.Request) (any, error) { return s.Status().Faults, nil }))
	mux.Handle("POST /faults", answering(s.postFault))
	mux.Handle("DELETE /faults", answering(s.deleteFaults))
	mux.Handle("POST /reset", answering(func(*http.Request) (any, error) {
		s.Reset()
		return s.Status(), nil
	}))
	mux.Handle("/", answering(func(r *http.Request) (any, error) {
		return nil, &absence{r.Method + " " + r.URL.Path}
	}))
	return mux
}

// getMessages gives all messages, or those of a handset.
func (s *Simulator) getMessages(r *http.Request) (any, error) {
	q := Query{Handset: r.PathValue("number"), Text: r.URL.Query().Get("text")}
	after, err := whole(r, "after", 0, 1<<62)
	if err != nil {
		return nil, err
	}
	limit, err := whole(r, "limit", 100, 10_000)
	if err != nil {
		return nil, err
	}
	q.After, q.Limit = after, int(limit)
	q.forward = r.URL.Query().Has("after")
	return s.Search(q)
}

// whole reads a parameter of the query.
func whole(r *http.Request, name string, absent, most uint64) (uint64, error) {
	given := r.URL.Query().Get(name)
	if given == "" {
		return absent, nil
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil || n > most {
		return 0, &Mistake{name, given, fmt.Sprintf("give a whole number from 0 to %d", most)}
	}
	return n, nil
}

func (s *Simulator) postReply(r *http.Request) (any, error) {
	var in struct {
		To   string `json:"to"`
		Text string `json:"text"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := s.Reply(r.PathValue("number"), in.To, in.Text); err != nil {
		return nil, err
	}
	return s.Status().Replies, nil
}

// FaultBody is a fault in the control API.
type FaultBody struct {
	Kind    FaultKind `json:"kind"`
	Seconds float64   `json:"seconds"` // that remain; 0 until it is cleared
	Rate    float64   `json:"rate,omitempty"`
	Delay   float64   `json:"delay,omitempty"`  // in seconds
	Status  string    `json:"status,omitempty"` // such as ESME_RSYSERR
}

func (f *Fault) body(now int64) FaultBody {
	b := FaultBody{Kind: f.Kind, Rate: f.Rate, Delay: f.Delay.Seconds()}
	if f.until != forever {
		b.Seconds = timeAt(f.until).Sub(timeAt(now)).Seconds()
	}
	if f.Kind == Refuse {
		b.Status = f.Status.Name()
	}
	return b
}

func (s *Simulator) postFault(r *http.Request) (any, error) {
	var in FaultBody
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	f := Fault{Kind: in.Kind, Rate: in.Rate, For: seconds(in.Seconds), Delay: seconds(in.Delay)}
	if in.Status != "" {
		var ok bool
		if f.Status, ok = statusNamed(in.Status); !ok {
			return nil, &Mistake{"status", in.Status, "give the name of a status that refuses, such as ESME_RSYSERR, or its number"}
		}
	}
	if err := s.Fault(f); err != nil {
		return nil, err
	}
	return s.Status().Faults, nil
}

func (s *Simulator) deleteFaults(r *http.Request) (any, error) {
	k := FaultKind(r.URL.Query().Get("kind"))
	if k == "" {
		s.ClearFaults()
		return s.Status().Faults, nil
	}
	if err := (Fault{Kind: k}).known(); err != nil {
		return nil, err
	}
	s.ClearFaults(k)
	return s.Status().Faults, nil
}

// seconds is a number of seconds as a span, the longest one if it is longer.
func seconds(n float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return time.Duration(min(n, most.Seconds()) * float64(time.Second))
}

// statusNamed finds a status that refuses by its name or number.
func statusNamed(name string) (smpp.Status, bool) {
	if n, err := strconv.ParseUint(name, 0, 32); err == nil {
		return smpp.Status(n), n != 0
	}
	for n := smpp.OK + 1; n <= smpp.UnknownError; n++ {
		if strings.EqualFold(n.Name(), name) {
			return n, true
		}
	}
	return smpp.OK, false
}

// maxBody is how long the body of a request may be.
const maxBody = 256 << 10

// decode reads the body of a request.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return &Mistake{wrong.Field, "a " + wrong.Value, "give a " + wrong.Type.String()}
	}
	if err != nil {
		return &Mistake{"body", strings.TrimPrefix(err.Error(), "json: "), "give a JSON object with the fields that the documentation names"}
	}
	return nil
}

// absence says that there is nothing at an address.
type absence struct{ asked string }

func (e *absence) Error() string {
	return e.asked + " is nothing here: ask for GET /status, /handsets, /handsets/{number}/messages, /messages, /arrivals, /magic or /faults, " +
		"POST /handsets/{number}/replies, /faults or /reset, or DELETE /faults"
}

// answering writes what a function answers as JSON.
func answering(do func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r)
		status := http.StatusOK
		if err != nil {
			status, out = mistaken(err)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out) // the one who asked is gone
	})
}

// mistaken is how an error is answered.
func mistaken(err error) (int, any) {
	body := struct {
		Error string `json:"error"`
		Field string `json:"field,omitempty"`
		Value any    `json:"value,omitempty"`
	}{Error: err.Error()}
	if m, ok := errors.AsType[*Mistake](err); ok {
		body.Field, body.Value = m.Field, m.Value
		return http.StatusBadRequest, body
	}
	return http.StatusNotFound, body
}
