package smppd

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"ramier/internal/gsm"
	"ramier/internal/phone"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// maxBatch is how many messages of a client are accepted together.
const maxBatch = 500

// An arrival is a message that a client has submitted, and how it is answered.
type arrival struct {
	p    *smpp.SubmitSM
	done func(id string, status smpp.Status)
}

// collect keeps a message until all that the client has sent together is there.
func (l *link) collect(a arrival) {
	l.batch = append(l.batch, a)
	if len(l.batch) >= maxBatch {
		l.accept()
	}
}

// accept begins to accept what was collected. It is called where the handler is.
func (l *link) accept() {
	batch := l.batch
	if len(batch) == 0 {
		return
	}
	l.batch = make([]arrival, 0, min(2*len(batch), maxBatch))
	l.s.submits.Go(func() { l.submit(batch) })
}

// submit accepts messages, those that are alike as one job, and answers each.
func (l *link) submit(batch []arrival) {
	ctx, cancel := context.WithTimeout(l.s.alive, acceptTimeout)
	defer cancel()
	place, err := l.s.cfg.Customers.Wait(ctx, l.service.AccountID)
	if err != nil {
		for _, a := range batch {
			a.done("", statusOf(err))
		}
		return
	}
	defer place.Leave()
	var alike groups
	var others sync.WaitGroup
	for _, a := range batch {
		l.sort(ctx, a, &alike, &others)
	}
	for _, g := range alike.all[min(1, len(alike.all)):] {
		others.Go(func() { l.sendGroup(ctx, g) })
	}
	if len(alike.all) > 0 {
		l.sendGroup(ctx, alike.all[0])
	}
	others.Wait()
}

// sort puts a message to those that are alike, or begins to take the part of one.
func (l *link) sort(ctx context.Context, a arrival, alike *groups, others *sync.WaitGroup) {
	if err := l.s.cfg.Customers.Pay(l.service.AccountID); err != nil {
		a.done("", statusOf(err))
		return
	}
	if !l.settings.Plain {
		a.p.TLVs = onlyOVHs(a.p.TLVs)
	}
	piece, concat, status := l.piece(a.p)
	if status != smpp.OK {
		a.done("", status)
		return
	}
	if concat.Total > 1 {
		others.Go(func() { a.done(l.s.takePart(ctx, l.service, a.p, concat)) })
		return
	}
	text, status := textOf([]gsm.Piece{piece})
	if status != smpp.OK {
		a.done("", status)
		return
	}
	alike.add(a, text, destination(a.p.Dest), l.service.Country)
}

// likeness is what the messages of one job have in common.
type likeness struct {
	source             smpp.Address
	class              sms.Class
	coding             smpp.DataCoding
	schedule, validity string
	wants              smpp.RegisteredDelivery
	destTON            smpp.TON
	destNPI            smpp.NPI
	alone              int // number of a message that is like no other
}

// A group is messages that are alike.
type group struct {
	arrivals  []arrival
	receivers []string
	texts     []string
	differ    bool // their texts do
	back      string
}

// groups are messages by their likeness, in the order in which they came.
type groups struct {
	all   []*group
	alike map[likeness]*group
}

// add puts a message where it belongs. One that is due later is alone, so that it can be replaced. So is one whose receipt shows its
// receiver otherwise than in international form.
func (gs *groups) add(a arrival, text, receiver, country string) {
	p := a.p
	k := likeness{
		source: p.Source, class: classOf(p), coding: p.DataCoding, schedule: p.ScheduleTime, validity: p.ValidityPeriod,
		wants: p.RegisteredDelivery & receiptMask,
	}
	back := returnTo{Source: p.Source, Dest: p.Dest, Wants: k.wants}
	if k.wants != 0 {
		k.destTON, k.destNPI = p.Dest.TON, p.Dest.NPI
		if n, err := phone.Parse(receiver, country); err == nil && n.E164[1:] == p.Dest.Addr {
			back.Dest.Addr = "" // the message says it
		} else {
			k.alone = len(gs.all) + 1
		}
	}
	if p.ScheduleTime != "" {
		k.alone = len(gs.all) + 1
	}
	g := gs.alike[k]
	if g == nil {
		g = &group{}
		if k.wants != 0 {
			g.back = plainJSON(back)
		}
		if gs.alike == nil {
			gs.alike = map[likeness]*group{}
		}
		gs.alike[k] = g
		gs.all = append(gs.all, g)
	}
	g.differ = g.differ || len(g.texts) > 0 && text != g.texts[0]
	g.arrivals, g.receivers, g.texts = append(g.arrivals, a), append(g.receivers, receiver), append(g.texts, text)
}

// sendGroup submits messages that are alike, and answers each.
func (l *link) sendGroup(ctx context.Context, g *group) {
	o, status := l.s.order(ctx, l.service, g.arrivals[0].p, g.texts[0])
	if status != smpp.OK {
		for _, a := range g.arrivals {
			a.done("", status)
		}
		return
	}
	o.Receivers, o.ReceiptTo, o.QueryID = g.receivers, g.back, queryID(l.service, g.arrivals[0].p.DataCoding)
	if g.differ {
		o.Texts = g.texts
	}
	verdicts, err := l.s.cfg.Submit.SubmitEach(ctx, l.service.AccountID, l.service.Name, o)
	if statusOf(err) == smpp.SystemError {
		l.s.cfg.Log.Error("messages over SMPP failed", "service", l.service.Name, "error", err)
	}
	for i, v := range verdicts {
		switch {
		case v.ID != 0:
			g.arrivals[i].done(messageID(v.ID, 0), smpp.OK)
		case v.Refused != nil:
			g.arrivals[i].done("", refusalOf(*v.Refused))
		default:
			g.arrivals[i].done("", statusOf(v.Err))
		}
	}
}

// queryID names an order of a service. It ends with the data coding, if that is another one than is seen in the order.
func queryID(s sms.Service, coding smpp.DataCoding) string {
	id := sms.ViaSMPP + s.Name + "." + rand.Text()[:16]
	if coding != smpp.CodingDefault && coding != smpp.CodingUCS2 {
		id += fmt.Sprintf(".%02x", byte(coding))
	}
	return id
}

// codingOf gives the data coding that the text of a job came in.
func codingOf(j sms.Job) smpp.DataCoding {
	end := j.QueryID[strings.LastIndexByte(j.QueryID, '.')+1:]
	if n, err := strconv.ParseUint(end, 16, 8); err == nil && len(end) == 2 {
		return smpp.DataCoding(n)
	}
	if j.Unicode {
		return smpp.CodingUCS2
	}
	return smpp.CodingDefault
}

// refusalOf gives the status for a receiver that gets no message.
func refusalOf(r sms.Refusal) smpp.Status {
	if r.Reason == sms.BadText {
		return smpp.SubmitFailed
	}
	return smpp.InvalidDest
}
