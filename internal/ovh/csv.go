package ovh

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// withCSV adds to an endpoint a way to write its answer as CSV, for the header Accept: text/csv and for ?format=csv.
func withCSV[Out any](h handler, write func(*csv.Writer, Out) error) handler {
	h.csv = func(w *csv.Writer, out reflect.Value) error {
		answer, _ := reflect.TypeAssert[Out](out)
		return write(w, answer)
	}
	return h
}

// wantsCSV tells whether a client prefers CSV where there is a choice.
func (x *exchange) wantsCSV() bool {
	return strings.Contains(x.r.Header.Get("Accept"), "text/csv") || x.r.URL.Query().Get("format") == "csv"
}

// sendCSV writes an answer as a file.
func (x *exchange) sendCSV(write func(*csv.Writer, reflect.Value) error, out reflect.Value) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := write(w, out); err != nil {
		return err
	}
	if w.Flush(); w.Error() != nil {
		return w.Error()
	}
	h := x.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="report.csv"`)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	x.status = http.StatusOK
	x.w.WriteHeader(x.status)
	_, _ = x.w.Write(b.Bytes()) // the client went away
	return nil
}
