package ovh

import (
	"bytes"
	"encoding/csv"
	"io"
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

// withPDF adds to an endpoint a way to write its answer as PDF, for the header Accept: application/pdf and for ?format=pdf.
func withPDF[Out any](h handler, write func(io.Writer, Out) error) handler {
	h.pdf = func(w io.Writer, out reflect.Value) error {
		answer, _ := reflect.TypeAssert[Out](out)
		return write(w, answer)
	}
	return h
}

// wantsPDF tells whether a client prefers PDF where there is a choice.
func (x *exchange) wantsPDF() bool {
	return strings.Contains(x.r.Header.Get("Accept"), "application/pdf") || x.r.URL.Query().Get("format") == "pdf"
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
	x.sendFile("text/csv; charset=utf-8", "report.csv", b.Bytes())
	return nil
}

// sendPDF writes an answer as a document.
func (x *exchange) sendPDF(write func(io.Writer, reflect.Value) error, out reflect.Value) error {
	var b bytes.Buffer
	if err := write(&b, out); err != nil {
		return err
	}
	x.sendFile("application/pdf", "statement.pdf", b.Bytes())
	return nil
}

func (x *exchange) sendFile(kind, name string, content []byte) {
	h := x.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	x.status = http.StatusOK
	x.w.WriteHeader(x.status)
	_, _ = x.w.Write(content) // the client went away
}
