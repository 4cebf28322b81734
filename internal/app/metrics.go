package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ramier/internal/limit"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// metrics is what the platform measures. Labels come from fixed sets: never a number, a sender or a raw path.
type metrics struct {
	app      *App
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	accepted prometheus.Counter
	queries  *prometheus.HistogramVec // of http2sms
	submits  *prometheus.CounterVec   // over SMPP
	states   *prometheus.CounterVec
	receipts *prometheus.CounterVec
	doubts   prometheus.Counter
	resolved *prometheus.CounterVec
	marked   prometheus.Counter
	asked    *prometheus.CounterVec
	waits    *prometheus.HistogramVec
	groups   prometheus.Histogram
	commits  prometheus.Histogram
	told     *prometheus.CounterVec
	mails    *prometheus.CounterVec // sent
	letters  *prometheus.CounterVec // taken by email2sms
}

func newMetrics(a *App) *metrics {
	m := &metrics{
		app: a, registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ramier_request_seconds", Help: "Time of API requests by operation and HTTP status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"operation", "status"}),
		queries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ramier_http2sms_seconds", Help: "Time of http2sms calls by the code of the answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"code"}),
		submits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ramier_smpp_submits_total", Help: "submit_sm of customers, by the command_status of the answer.",
		}, []string{"status"}),
		states: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ramier_messages_total", Help: "Messages that entered each state.",
		}, []string{"state"}),
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ramier_receipts_total", Help: "Delivery receipts: matched, parked (no message known yet) or repeated.",
		}, []string{"result"}),
		doubts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ramier_messages_indoubt_total", Help: "Messages whose carrier's answer got lost.",
		}),
		resolved: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ramier_doubts_resolved_total", Help: "Doubts that ended, by what ended them.",
		}, []string{"by"}),
		marked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ramier_possible_duplicates_total", Help: "Messages that were marked as possible duplicates.",
		}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ramier_queries_total", Help: "Messages that a carrier was asked for, by what came of it.",
		}, []string{"carrier", "result"}),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ramier_handover_seconds", Help: "Time from a message being accepted, or due, to its being handed to its carrier.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 16),
		}, []string{"carrier"}),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ramier_commit_group_size", Help: "Writes that shared a commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ramier_commit_seconds", Help: "Time of a group's transaction with its commit.",
			Buckets: prometheus.ExponentialBuckets(0.0002, 2, 14),
		}),
	}
	m.told = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ramier_callbacks_total", Help: "Attempts to tell customers: OVH's GET form, signed JSON, or an SMS; delivered, to be tried again (retry) or given up (failed).",
	}, []string{"kind", "result"})
	m.mails = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ramier_mails_total", Help: "Attempts to send mails: delivered, to be tried again (retry) or given up (failed).",
	}, []string{"kind", "result"})
	m.letters = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ramier_email2sms_total", Help: "Mails to email2sms, by the SMTP code of the answer.",
	}, []string{"code"})
	m.accepted = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ramier_accepted_messages_total", Help: "Messages of accepted jobs, those refused for a STOP among them.",
	})
	m.registry.MustRegister(m.requests, m.queries, m.submits, m.accepted, m.states, m.receipts, m.doubts, m.resolved, m.marked, m.asked, m.waits, m.groups, m.commits, m.told, m.mails, m.letters, &queueCollector{a},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, by := range store.ResolvedBy {
		m.resolved.WithLabelValues(by)
	}
	return m
}

func (m *metrics) doubt(d store.Doubts) {
	m.doubts.Add(float64(d.Entered))
	m.marked.Add(float64(d.Marked))
	for by, n := range d.Resolved {
		m.resolved.WithLabelValues(by).Add(float64(n))
	}
}

func (m *metrics) ask(carrier, result string) { m.asked.WithLabelValues(carrier, result).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

func (m *metrics) request(operation string, status int, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Observe(took.Seconds())
	m.app.opts.Log.Debug("request", "operation", operation, "status", status, "took", took)
}

func (m *metrics) http2sms(code int, took time.Duration) {
	m.queries.WithLabelValues(strconv.Itoa(code)).Observe(took.Seconds())
}

func (m *metrics) mail(kind, result string) { m.mails.WithLabelValues(kind, result).Inc() }

func (m *metrics) letter(code int) { m.letters.WithLabelValues(strconv.Itoa(code)).Inc() }

func (m *metrics) submitSM(status smpp.Status) { m.submits.WithLabelValues(status.Name()).Inc() }

func (m *metrics) accept(messages int) { m.accepted.Add(float64(messages)) }

func (m *metrics) moved(state sms.State, n int) {
	m.states.WithLabelValues(string(state)).Add(float64(n))
}

func (m *metrics) receipt(matched, parked, repeated int) {
	m.receipts.WithLabelValues("matched").Add(float64(matched))
	m.receipts.WithLabelValues("parked").Add(float64(parked))
	m.receipts.WithLabelValues("repeated").Add(float64(repeated))
}

func (m *metrics) handed(carrier string, after time.Duration) {
	m.waits.WithLabelValues(carrier).Observe(after.Seconds())
}

func (m *metrics) group(size int, took time.Duration) {
	m.groups.Observe(float64(size))
	m.commits.Observe(took.Seconds())
}

// queueCollector reads what waits when it is asked.
type queueCollector struct{ app *App }

var (
	queuedDesc    = prometheus.NewDesc("ramier_queued_messages", "Messages that wait for a carrier.", []string{"carrier", "priority"}, nil)
	oldestDesc    = prometheus.NewDesc("ramier_queued_oldest_seconds", "How long the first message of a lane has been due.", []string{"carrier", "priority"}, nil)
	doubtDesc     = prometheus.NewDesc("ramier_in_doubt_messages", "Messages whose carrier's answer was lost.", nil, nil)
	unmatchedDesc = prometheus.NewDesc("ramier_unmatched_receipts", "Receipts that belong to no known message.", nil, nil)
	heldDesc      = prometheus.NewDesc("ramier_lease_held", "1 while this node has the carrier's lease: it alone speaks to the operator.", []string{"carrier"}, nil)
	connectedDesc = prometheus.NewDesc("ramier_carrier_connected", "1 while the carrier is connected.", []string{"carrier"}, nil)
	windowDesc    = prometheus.NewDesc("ramier_carrier_window_used", "Unanswered PDUs.", []string{"carrier"}, nil)
	sizeDesc      = prometheus.NewDesc("ramier_carrier_window_size", "The most unanswered PDUs.", []string{"carrier"}, nil)
	openDesc      = prometheus.NewDesc("ramier_connections", "Connections of customers.", []string{"door"}, nil)
	refusedDesc   = prometheus.NewDesc("ramier_connections_refused_total", "Connections that were one too many.", []string{"door"}, nil)
	throttledDesc = prometheus.NewDesc("ramier_carrier_throttled_total", "Answers that asked to slow down.", []string{"carrier"}, nil)
)

// Describe implements prometheus.Collector.
func (q *queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queuedDesc, oldestDesc, doubtDesc, unmatchedDesc, heldDesc, connectedDesc, windowDesc, sizeDesc, throttledDesc, openDesc, refusedDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (q *queueCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for door, conns := range map[string]*limit.Conns{"http": q.app.limits.http, "smpp": q.app.limits.smpp} {
		gauge(openDesc, float64(conns.Open()), door)
		out <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(conns.Refused()), door)
	}
	all, err := q.app.Store.Carriers(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(connectedDesc, err)
		return
	}
	names := map[int64]string{}
	for _, c := range all {
		names[c.ID] = c.Name
		status, _ := q.app.Dispatcher.Status(c.ID)
		connected := 0.0
		if status.State == "connected" {
			connected = 1
		}
		held := 0.0
		if q.app.Dispatcher.Holds(c.ID) {
			held = 1
		}
		gauge(heldDesc, held, c.Name)
		gauge(connectedDesc, connected, c.Name)
		gauge(windowDesc, float64(status.WindowUsed), c.Name)
		gauge(sizeDesc, float64(status.WindowSize), c.Name)
		out <- prometheus.MustNewConstMetric(throttledDesc, prometheus.CounterValue, float64(status.Throttled), c.Name)
	}
	if lanes, err := q.app.Store.Lanes(ctx); err == nil {
		now := q.app.opts.Clock.Now()
		for _, l := range lanes {
			gauge(queuedDesc, float64(l.Messages), names[l.Carrier], string(l.Priority))
			gauge(oldestDesc, max(0, now.Sub(l.Oldest).Seconds()), names[l.Carrier], string(l.Priority))
		}
	}
	if counts, err := q.app.Store.Count(ctx); err == nil {
		gauge(doubtDesc, float64(counts.InDoubt))
		gauge(unmatchedDesc, float64(counts.Unmatched))
	}
}

// callback counts an attempt to tell a customer something.
func (m *metrics) callback(kind, result string) { m.told.WithLabelValues(kind, result).Inc() }
