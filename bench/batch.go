package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/bench/proc"
)

// batchText is what is merged for each row.
const (
	batchText = "Bonjour #prenom# #nom#, votre commande arrive : #adresse#"
	batchTag  = "bench"
)

// batch loads a list into a slot and sends a text with merge fields to it: rows read, then planned, charged and queued. Nothing leaves,
// since the batch is for tomorrow.
func (b *Bench) batch(ctx context.Context, s Scenario, database, dir string) (r figures.Result, err error) {
	b.Tell.Stage(s.Name + ": starting")
	o, err := b.simulate(ctx, dir, 0)
	if err != nil {
		return r, err
	}
	defer o.end(10 * time.Second)
	p, err := b.prepare(ctx, dir, database)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	rows := s.messages()
	file, done, err := serveList(ctx, rows)
	if err != nil {
		return r, err
	}
	defer done()
	p.settings = []string{"RAMIER_FETCH_ALLOW=127.0.0.1"}
	if err := p.start(ctx); err != nil {
		return r, err
	}
	if err := p.connect(ctx, o, 0); err != nil {
		return r, err
	}
	door, err := p.customer(ctx, "bench", rows+1000, "sms-bench-1")
	if err != nil {
		return r, err
	}
	r, err = b.campaign(ctx, s, p, door, file)
	r.Platform, r.Database = "ramier", p.database.kind
	return r, err
}

// serveList serves a file of so many rows on this machine, made as it is read.
func serveList(ctx context.Context, rows int) (address string, done func(), err error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		to := bufio.NewWriterSize(w, 1<<16)
		defer func() { _ = to.Flush() }() // who does not read on has gone
		fmt.Fprint(to, "Numero;nom;prenom;adresse\r\n")
		for i := range rows {
			fmt.Fprintf(to, "06%08d;Durant;Pierre;%d rue Montaigne Paris\r\n", 20_000_000+i, i)
		}
	})}
	go func() { _ = server.Serve(l) }() // it ends with done
	return "http://" + l.Addr().String() + "/list.csv", func() { _ = server.Close() }, nil
}

// campaign measures the steps of one batch.
func (b *Bench) campaign(ctx context.Context, s Scenario, p *platform, door *load.OVH, file string) (r figures.Result, err error) {
	c, err := ovh.NewClient(p.base+"/1.0", door.ApplicationKey, door.ApplicationSecret, door.ConsumerKey)
	if err != nil {
		return r, err
	}
	c.Timeout = 2 * time.Minute
	rows, service := s.messages(), "/sms/"+door.Service
	timed := func(method, path string, body, answer any) (time.Duration, error) {
		begun := time.Now()
		err := c.CallAPIWithContext(ctx, method, service+path, body, answer, true)
		if err != nil {
			err = fmt.Errorf("%s %s: %w", method, path, err)
		}
		return time.Since(begun), err
	}
	b.Tell.Stage(s.Name + ": reading the list")
	read, err := timed("POST", "/receivers", map[string]any{"slotId": 1, "description": "bench", "csvUrl": file}, nil)
	if err != nil {
		return r, err
	}
	order := map[string]any{"message": batchText, "from": senderName, "slotID": "1", "noStop": true, "tag": batchTag, "deferred": time.Now().Add(24 * time.Hour)}
	b.Tell.Stage(s.Name + ": quoting")
	var quote struct{ Credits float64 }
	quoted, err := timed("POST", "/quotes", order, &quote)
	if err != nil {
		return r, err
	}
	b.Tell.Stage(s.Name + ": " + s.Title)
	before, begun := usages{platform: p.usage(), database: p.database.usage()}, time.Now()
	var batch struct {
		ID, Status                 string
		Reason                     *string
		Messages, ProcessedRecords int
		Credits                    float64
	}
	if _, err := timed("POST", "/batches", order, &batch); err != nil {
		return r, err
	}
	err = poll(ctx, 30*time.Minute, "the end of the planning", func() (bool, error) {
		_, err := timed("GET", "/batches/"+batch.ID, nil, &batch)
		b.Tell.Load(batch.ProcessedRecords, rows)
		if err == nil && batch.Reason != nil {
			err = fmt.Errorf("the batch has stopped: %s", *batch.Reason)
		}
		return batch.Status == "INSERTED", err
	})
	if err != nil {
		return r, err
	}
	took := time.Since(begun)
	after := usages{platform: p.usage(), database: p.database.usage()}
	per := func(before, after proc.Usage) float64 {
		return float64((after.CPU - before.CPU).Microseconds()) / float64(max(batch.Messages, 1))
	}
	r = figures.Result{
		Scenario: s.Name, Connections: 1, Receivers: rows, Requests: 1, Accepted: batch.Messages, Delivered: -1, Seconds: took.Seconds(),
		AcceptedPerSecond: float64(batch.Messages) / took.Seconds(), MemoryMiB: mebi(after.platform.Peak),
		CPU: figures.CPU{Platform: per(before.platform, after.platform), Database: per(before.database, after.database)},
	}
	first, err := firstByte(ctx, c, service+"/outgoing?tag="+batchTag)
	if err != nil {
		return r, err
	}
	counted, err := timed("GET", "/batches/"+batch.ID+"/statistics", nil, nil)
	r.Note = fmt.Sprintf("a slot of %s rows with mail merge: %s rows/s read and stored, %s rows/s quoted, %s rows/s planned, charged and queued; outgoing?tag= of all of them after %.1f ms (first byte), statistics after %.1f ms",
		figures.Thousands(rows), perSecond(rows, read), perSecond(rows, quoted), perSecond(batch.Messages, took), millis(first), millis(counted))
	if quote.Credits != batch.Credits {
		err = errors.Join(err, fmt.Errorf("%v credits were quoted and %v charged", quote.Credits, batch.Credits))
	}
	return r, err
}

func perSecond(n int, took time.Duration) string {
	return figures.Thousands(int(float64(n) / took.Seconds()))
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// firstByte tells how long the first octet of an answer takes. The answer is read to its end.
func firstByte(ctx context.Context, c *ovh.Client, path string) (took time.Duration, err error) {
	r, err := c.NewRequest(http.MethodGet, path, nil, true)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	trace := &httptrace.ClientTrace{GotFirstResponseByte: func() { took = time.Since(begun) }}
	answer, err := c.Do(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s answers %s", path, answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return took, err
}

// Tags of copied messages, and how many services are asked for theirs.
const (
	oldTag   = "old"
	tagAsked = 200
)

// byTag asks services for their old messages with a tag, in a store that is full of others.
func (b *Bench) byTag(ctx context.Context, s Scenario, p *platform, doors []*load.OVH) (r figures.Result, err error) {
	b.Tell.Stage(s.Name + ": messages by tag")
	var times []int64
	ids := 0
	for i := range min(tagAsked, len(doors)) {
		door := doors[i*len(doors)/min(tagAsked, len(doors))]
		c, err := ovh.NewClient(p.base+"/1.0", door.ApplicationKey, door.ApplicationSecret, door.ConsumerKey)
		if err != nil {
			return r, err
		}
		path := "/sms/" + url.PathEscape(door.Service) + "/outgoing?tag=" + oldTag
		if i == 0 {
			var all []int64
			if err := c.GetWithContext(ctx, path, &all); err != nil {
				return r, err
			}
			ids = len(all)
		}
		took, err := firstByte(ctx, c, path)
		if err != nil {
			return r, err
		}
		times = append(times, took.Microseconds())
	}
	var sum int64
	for _, t := range times {
		sum += t
	}
	return figures.Result{
		Scenario: s.Name + "-tag", Platform: "ramier", Database: p.database.kind, Connections: 1, Requests: len(times), Delivered: -1,
		Seconds: max(float64(sum)/1e6, 1e-6), Request: figures.NewLatency(times), MemoryMiB: mebi(p.usage().Peak),
		Note: fmt.Sprintf("GET outgoing?tag= of %d services with %d messages each, beside %s others: the answers' times are those to the first byte",
			len(times), ids, figures.Thousands(s.Stored)),
	}, nil
}
