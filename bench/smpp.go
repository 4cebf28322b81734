package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/internal/smpp"
)

// smppWindow is how many submits of one client are unanswered: it stands for the thousand receivers of a request in bulk.
const smppWindow = 500

// smpp runs the load from clients over SMPP, as many as there are connections. They ask for no receipts.
func (b *Bench) smpp(ctx context.Context, s Scenario, database, dir string) (figures.Result, error) {
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return figures.Result{}, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	return b.furnished(ctx, s, database, dir, []string{"RAMIER_SMPP_LISTEN=" + address}, func(o *operator, p *platform, _ *load.OVH) (figures.Result, error) {
		var account struct{ SystemID, Password string }
		if err := p.call(ctx, "POST", "/operator/services/"+serviceName+"/smpp", map[string]any{
			"allowedIPs": []string{"127.0.0.1"}, "dialect": "plain", "throughput": 100_000, "windowing": smppWindow, "binds": min(s.Connections, 100),
		}, &account); err != nil {
			return figures.Result{}, err
		}
		clients := &smppLoad{address: address, bind: smpp.Bind{Mode: smpp.Transmitter, SystemID: account.SystemID, Password: account.Password}}
		return (&measurement{bench: b, scenario: s, send: clients.send, operator: o, platform: p, first: firstMessage}).run(ctx)
	})
}

// smppLoad is clients that submit as fast as they are answered.
type smppLoad struct {
	address string
	bind    smpp.Bind
}

// send is what load.Run is over HTTP: a submit is a request.
func (l *smppLoad) send(ctx context.Context, o load.Options) (load.Result, error) {
	if o.Requests <= 0 || o.Receivers != 1 || o.Rate > 0 {
		return load.Result{}, errors.New("clients over SMPP send a number of messages, one receiver each, as fast as they can")
	}
	var sessions []*smpp.Session
	defer func() {
		for _, s := range sessions {
			s.Close()
		}
	}()
	for range o.Connections {
		s, err := smpp.Dial(ctx, smpp.Config{Address: l.address, BindTimeout: time.Minute, Bind: l.bind, Settings: smpp.Settings{Window: smppWindow}})
		if err != nil {
			return load.Result{}, err
		}
		sessions = append(sessions, s)
	}
	r := load.Result{Requests: make([]load.Request, o.Requests)}
	var next atomic.Int64
	var complaint atomic.Value
	var clients, answers sync.WaitGroup
	start := time.Now()
	for _, s := range sessions {
		clients.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= o.Requests {
					return
				}
				one := &r.Requests[n]
				one.Job = load.Job{First: o.First + n, Receivers: 1}
				answers.Add(1)
				l.submit(ctx, s, one, o.Count, &complaint, answers.Done)
			}
		})
	}
	clients.Wait()
	answers.Wait()
	r.Took = time.Since(start)
	r.Requests = slices.DeleteFunc(r.Requests, func(one load.Request) bool { return one.Receivers == 0 })
	for _, one := range r.Requests {
		if one.Accepted() {
			r.Accepted++
		} else {
			r.Refused++
		}
	}
	r.First, _ = complaint.Load().(string)
	return r, ctx.Err()
}

// submit sends one message and notes what comes of it, with HTTP's words for the answer.
func (l *smppLoad) submit(ctx context.Context, s *smpp.Session, one *load.Request, count *load.Count, complaint *atomic.Value, done func()) {
	one.Sent = time.Now().UnixMicro()
	s.Send(ctx, &smpp.SubmitSM{
		Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: senderName}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: one.Receiver(0)[1:]},
		ShortMessage: []byte(one.Text()),
	}, func(a smpp.Answer) {
		defer done()
		one.Answered = time.Now().UnixMicro()
		switch {
		case a.Err == nil && a.Status == smpp.OK:
			one.Status = 200
			count.Accepted.Add(1)
			return
		case a.Err == nil:
			one.Status = 400
			complaint.CompareAndSwap(nil, a.Status.String())
		default: // it may have been taken, or not
			complaint.CompareAndSwap(nil, a.Err.Error())
		}
		count.Refused.Add(1)
	})
}
