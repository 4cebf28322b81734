package sandbox_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"
	_ "modernc.org/sqlite" // driver "sqlite"

	"ramier/internal/sandbox"
)

// How many messages the benchmark's history has: those of one campaign, in jobs of a thousand, and single ones of one tag.
const (
	campaignMessages = 450_000
	singleMessages   = 50_000
)

// BenchmarkOutgoingByTag asks for the ids of all messages of a tag, as the history has half a million. It prints the time to the first
// byte of the answer and to its end.
func BenchmarkOutgoingByTag(b *testing.B) {
	dir := b.TempDir()
	s, err := sandbox.Start(b.Context(), sandbox.Options{Dir: dir, HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Seed: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Stop(b.Context()) }()
	fillHistory(b, filepath.Join(dir, "ramier.db"), s.Info.ServiceName)
	k := s.Info.Keys
	client, err := ovh.NewClient(s.Info.Endpoint, k.ApplicationKey, k.ApplicationSecret, k.ConsumerKey)
	if err != nil {
		b.Fatal(err)
	}
	for tag, want := range map[string]int{"campaign": campaignMessages, "single": singleMessages} {
		b.Run(tag, func(b *testing.B) {
			var first, whole time.Duration
			for range b.N {
				f, w, n := timeList(b, client, "/sms/"+s.Info.ServiceName+"/outgoing?tag="+tag)
				if first, whole = first+f, whole+w; n != want {
					b.Fatalf("%d ids, want %d", n, want)
				}
			}
			b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "ms-to-first-byte")
			b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-to-last-byte")
		})
	}
}

// timeList reads a list of numbers and counts them.
func timeList(b *testing.B, client *ovh.Client, path string) (first, whole time.Duration, n int) {
	b.Helper()
	r, err := client.NewRequest(http.MethodGet, path, nil, true)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	in := bufio.NewReaderSize(answer.Body, 1<<16)
	for n = 1; ; {
		c, err := in.ReadByte()
		if first == 0 {
			first = time.Since(start)
		}
		if err == io.EOF {
			return first, time.Since(start), n
		}
		if err != nil {
			b.Fatal(err)
		}
		if c == ',' {
			n++
		}
	}
}

func fillHistory(b *testing.B, file, service string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const first = 1 << 30
	run := func(statement string) {
		b.Helper()
		if _, err := db.ExecContext(b.Context(), statement, service); err != nil {
			b.Fatal(err)
		}
	}
	for _, jobs := range []struct{ tag, id, many, count string }{
		{"campaign", fmt.Sprintf("%d + n * 1000", first), fmt.Sprint(campaignMessages / 1000), "1000"},
		{"single", fmt.Sprintf("%d + n * 2", first+campaignMessages), fmt.Sprint(singleMessages), "1"},
	} {
		run(`WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < ` + jobs.many + `)
			INSERT INTO job (id, service_id, credential_id, query_id, text, sender, tag, class, lane, validity, deferred, marketing, unicode, created_at, due_at, delay, hours, count, credits, tally)
			SELECT ` + jobs.id + `, (SELECT id FROM service WHERE name = $1), 0, '', 'Bonjour', 'Ramier', '` + jobs.tag + `', 'phoneDisplay', 0, 60000000, 0, FALSE, FALSE,
			1795435200000000, 1795435200000000, '', '', ` + jobs.count + `, 1000, -1 FROM c`)
	}
	for _, messages := range []string{
		fmt.Sprintf("SELECT %d + n AS id, %d + n / 1000 * 1000 AS job FROM c WHERE n < %d", first, first, campaignMessages),
		fmt.Sprintf("SELECT %d + n * 2 AS id, %d + n * 2 AS job FROM c WHERE n < %d", first+campaignMessages, first+campaignMessages, singleMessages),
	} {
		run(`WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 500000)
			INSERT INTO message (id, service_id, job_id, receiver, country, carrier_id, route_id, state, text, source, parts, accepted, arrived, credits, ptt, attempts,
			duplicate, hidden, rev, sent_at, done_at, error, refs, receipt)
			SELECT id, (SELECT id FROM service WHERE name = $1), job, '+336' || (10000000 + id % 80000000), 'FR', 1, 1, 'delivered', '', '', 1, 1, 1, 1000, 4, 0,
			FALSE, FALSE, 1, 1795435200000000, 1795435201000000, '', '1a2b3c4d' || id, 'id:1a2b3c4d sub:001 dlvrd:001 submit date:2611231200 stat:DELIVRD err:000'
			FROM (` + messages + `)`)
	}
}
