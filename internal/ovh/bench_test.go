package ovh

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

const oneReceiver = `{"message":"Your code is 482913. It is valid for ten minutes.","receivers":["+33600000001"],"sender":"Shop","noStopClause":true,"priority":"high","validityPeriod":2880}`

func manyReceivers(n int) string {
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprintf(`"+336%08d"`, i)
	}
	return strings.Replace(oneReceiver, `"+33600000001"`, strings.Join(numbers, ","), 1)
}

// acceptAll answers a sending without doing anything.
func acceptAll(_ context.Context, _ *Call, in postSmsServiceNameJobsIn) (smsSendingReport, error) {
	ids := make([]int64, len(in.Receivers))
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return smsSendingReport{IDs: ids, ValidReceivers: in.Receivers, TotalCreditsRemoved: float64(len(ids))}, nil
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkPostJobs is everything between the HTTP server and the endpoint, there and back.
func BenchmarkPostJobs(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("receivers=%d", n), func(b *testing.B) {
			f := newSending(b)
			body := []byte(manyReceivers(n))
			r := httptest.NewRequest("POST", "/1.0/sms/sms-ab12345-1/jobs", nil)
			reader := bytes.NewReader(body)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				reader.Reset(body)
				r.Body, r.ContentLength = readCloser{reader}, int64(len(body))
				clear(w.header)
				f.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/receiver")
		})
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// BenchmarkDecode is the reading and checking of the parameters alone.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("receivers=%d", n), func(b *testing.B) {
			f := newSending(b)
			rt := f.routes["POST /sms/{serviceName}/jobs"]
			in := &input{path: []string{"sms-ab12345-1"}, body: []byte(manyReceivers(n))}
			b.ReportAllocs()
			for b.Loop() {
				var into postSmsServiceNameJobsIn
				if err := rt.binding.decode(f, in, reflect.ValueOf(&into).Elem()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/receiver")
		})
	}
}
