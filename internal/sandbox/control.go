package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"ramier/internal/simulator/viewer"
)

// controlPrefix is where the control API hangs, beside the API.
const controlPrefix = "/sandbox"

// handler puts the control API beside the platform's doors. Pages of other origins may not call it.
func (s *Sandbox) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", s.getClock)
	mux.HandleFunc("PUT /clock", s.setClock)
	mux.HandleFunc("POST /clock", s.setClock)
	mux.HandleFunc("POST /clock/advance", s.advanceClock)
	mux.HandleFunc("POST /reset", s.reset)
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.Info) })
	mux.HandleFunc("GET /mails", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, s.mailbox.Mails(r.URL.Query().Get("to")))
	})
	mux.HandleFunc("DELETE /mails", func(w http.ResponseWriter, _ *http.Request) {
		s.mailbox.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", viewer.Control(s.Simulator))
	control := http.NewCrossOriginProtection().Handler(http.StripPrefix(controlPrefix, mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ramier-Sandbox", "true")
		if r.URL.Path == controlPrefix || strings.HasPrefix(r.URL.Path, controlPrefix+"/") {
			if !local(r) {
				answer(w, http.StatusForbidden, map[string]string{"error": "call the control API by localhost or an IP address, not by " + r.Host})
				return
			}
			control.ServeHTTP(w, r)
			return
		}
		s.App.Handler.ServeHTTP(w, r)
	})
}

// reset makes the sandbox as it was at its start: no messages, all credits, no faults, the system's time. Keys, senders and
// settings stay.
func (s *Sandbox) reset(w http.ResponseWriter, r *http.Request) {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	s.Simulator.ClearFaults()
	s.clock.Reset()
	if err := s.App.Reset(r.Context()); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	s.Simulator.Reset()
	s.mailbox.Clear()
	s.getClock(w, r)
}

// clockState is what the clock shows.
type clockState struct {
	Now time.Time `json:"now"`
}

func (s *Sandbox) getClock(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, clockState{s.clock.Now()})
}

func (s *Sandbox) setClock(w http.ResponseWriter, r *http.Request) {
	var in clockState
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&in); err != nil || !inTime(in.Now) {
		refuse(w, `give {"now": "2026-12-25T08:00:00+01:00"}: a moment as RFC 3339, between 2000 and 2200`)
		return
	}
	s.clock.Set(in.Now)
	s.getClock(w, r)
}

func (s *Sandbox) advanceClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Seconds  float64 `json:"seconds"`
		Duration string  `json:"duration"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&in)
	const century = 100 * 366 * 24 * time.Hour
	by := time.Duration(max(-1e10, min(in.Seconds, 1e10)) * float64(time.Second)) // more would not fit
	if err == nil && in.Duration != "" {
		by, err = time.ParseDuration(in.Duration)
	}
	if err != nil || by == 0 || by.Abs() > century || !inTime(s.clock.Now().Add(by)) {
		refuse(w, `give {"seconds": 3600} or {"duration": "1h30m"}, so that the clock stays between 2000 and 2200`)
		return
	}
	s.clock.Advance(by)
	s.getClock(w, r)
}

// inTime tells whether a moment is one that clients can sign with and that can be stored.
func inTime(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 2200 }

// local tells whether a request names this machine, or an address, as its host: a page from elsewhere whose name was made to
// lead here does not.
func local(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	own, _ := os.Hostname()
	return err == nil || host == "localhost" || (own != "" && host == own)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, cure string) {
	answer(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprint("the body cannot be read: ", cure)})
}
