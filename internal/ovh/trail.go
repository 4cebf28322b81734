package ovh

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

func (a *API) getTrail(ctx context.Context, c *Call, in getSmsServiceNameOutgoingIDTrailIn) (smsTrail, error) {
	m, j, err := a.message(ctx, c, in.ServiceName, in.ID)
	if err != nil {
		return smsTrail{}, err
	}
	t, err := a.trail(ctx, m, j)
	for i := range t.Steps {
		if t.Steps[i].What == "decided" { // who has decided is no business of the customer
			t.Steps[i].Details = map[string]string{}
		}
	}
	return t, err
}

// trail tells a message's life: the call, the plan with its reasons, each PDU, the answers and the receipts.
func (a *API) trail(ctx context.Context, m sms.Message, j sms.Job) (smsTrail, error) {
	out := smsTrail{ID: m.ID, State: string(m.State), Sentence: m.State.Sentence(), NextStep: m.State.NextStep(), PossibleDuplicate: m.Duplicate}
	events, err := a.store.Events(ctx, m.ID)
	if err != nil {
		return out, err
	}
	carrier, err := a.carrierOf(ctx, m)
	if err != nil {
		return out, err
	}
	out.Steps = []smsTrailStep{callStep(j), planStep(m, j, carrier, a.store.StopClause(m.Country))}
	for _, e := range events {
		out.Steps = append(out.Steps, eventStep(e))
	}
	if m.Rev != 0 {
		pdus, err := a.pduSteps(m, j, carrier)
		if err != nil {
			return out, err
		}
		out.Steps = append(out.Steps, pdus...)
		if m.Accepted > 0 {
			out.Steps = append(out.Steps, answerStep(m, carrier))
		}
	}
	if m.State.Final() && !m.DoneAt.IsZero() {
		out.Steps = append(out.Steps, endStep(m))
	}
	slices.SortStableFunc(out.Steps, func(a, b smsTrailStep) int { return a.At.Compare(b.At.Time) })
	return out, nil
}

// carrierOf gives the message's carrier as it was when the message was sent, or as it is now.
func (a *API) carrierOf(ctx context.Context, m sms.Message) (sms.Carrier, error) {
	if m.Rev != 0 {
		return a.store.CarrierAt(ctx, m.CarrierID, m.Rev)
	}
	all, err := a.store.Carriers(ctx)
	for _, c := range all {
		if c.ID == m.CarrierID {
			return c, nil
		}
	}
	return sms.Carrier{ID: m.CarrierID, Name: strconv.FormatInt(m.CarrierID, 10)}, err
}

func callStep(j sms.Job) smsTrailStep {
	return smsTrailStep{
		At: datetime{j.CreatedAt}, What: "call", Text: fmt.Sprintf("Ordered with %d message(s) of job %d.", j.Count, j.ID),
		Details: map[string]string{
			"queryId": j.QueryID, "credentialId": strconv.FormatInt(j.Credential, 10), "job": strconv.FormatInt(j.ID, 10), "tag": j.Tag,
			"jobCredits": j.Credits.String(),
		},
	}
}

func planStep(m sms.Message, j sms.Job, carrier sms.Carrier, clause string) smsTrailStep {
	s := smsTrailStep{
		At: datetime{j.CreatedAt}, What: "plan", Text: fmt.Sprintf("%d part(s) to %s (%s) for %v credits, by carrier %s.",
			m.Parts, m.Receiver, m.Country, m.Credits, carrier.Name),
		Details: map[string]string{
			"sender": j.Sender, "receiver": m.Receiver, "country": m.Country, "parts": strconv.Itoa(m.Parts), "credits": m.Credits.String(),
			"carrier": carrier.Name, "priority": string(j.Priority), "class": string(j.Class), "validity": j.Validity.String(),
		},
	}
	switch {
	case m.RouteID != 0:
		s.Details["route"] = strconv.FormatInt(m.RouteID, 10)
	case m.Source != "":
		s.Details["route"] = "the carrier of short number " + m.Source
		s.Details["shortNumber"] = m.Source
	}
	if j.Marketing && clause != "" && strings.HasSuffix(m.Body(j), clause) {
		s.Details["stopClause"] = "added: alphanumeric sender, receiver's country has one, noStopClause is false"
	}
	switch {
	case j.Delay != "":
		s.Details["due"] = j.DueAt.UTC().Format(time.RFC3339) + ", " + putOff(j.Delay)
	case j.DueAt.After(j.CreatedAt):
		s.Details["due"] = j.DueAt.UTC().Format(time.RFC3339) + ", as ordered by differedPeriod"
	}
	if j.Hours != "" {
		s.Details["sendingHours"] = j.Hours
	}
	if p, ok := sms.PTTByCode(m.PTT); m.State == sms.Refused && ok {
		s.Text = "Not sent: " + p.Description
	}
	return s
}

// putOff says why a job is due later than it was ordered.
func putOff(delay string) string {
	if delay == sms.DelayPaused {
		return delay
	}
	return "put off by the sending hours: " + delay
}

var eventTexts = map[string]string{
	"retry":          "The carrier did not take it for now.",
	"indoubt":        "Handed over, but the carrier's answer got lost.",
	"doubt-resolved": "The doubt is settled.",
	"decided":        "The operator of the platform has decided about the doubt.",
	"late-answer":    "An answer of the carrier came after its time.",
	"late-receipt":   "A receipt came that changes nothing: repeated or late.",
	"part-receipt":   "The receipt of one part came.",
	"reply":          "The receiver replied.",
	"duplicate":      "It may have arrived twice: it was sent again after a doubt, and the first attempt had been accepted.",
	"answer-ignored": "An answer came too late to matter.",
}

func eventStep(e sms.Event) smsTrailStep {
	text := eventTexts[e.Kind]
	if text == "" {
		text = sms.State(e.Kind).Sentence()
	}
	return smsTrailStep{At: datetime{e.At}, What: e.Kind, Text: text, Details: map[string]string{"text": e.Text}}
}

// pduSteps shows the PDUs, made again from the message and the carrier's settings of that time. Only their sequence numbers
// are not the ones of then.
func (a *API) pduSteps(m sms.Message, j sms.Job, carrier sms.Carrier) ([]smsTrailStep, error) {
	handed := m.SentAt
	if handed.IsZero() {
		handed = m.DoneAt
	}
	if handed.IsZero() {
		handed = j.DueAt
	}
	out := m.Outbound(j, j.DueAt.Add(j.Validity))
	out.Refs = nil
	pdus, err := a.carriers.PDUs(carrier, out)
	if err != nil {
		return nil, err
	}
	steps := make([]smsTrailStep, len(pdus))
	for i, p := range pdus {
		steps[i] = smsTrailStep{
			At: datetime{handed}, What: "pdu", Text: fmt.Sprintf("Part %d of %d handed to %s.", i+1, len(pdus), carrier.Name),
			PDUHex: new(hex.EncodeToString(p.Frame)), PDUWords: new(p.Words),
			Details: map[string]string{"carrierRevision": strconv.FormatInt(carrier.Rev, 10)},
		}
	}
	return steps, nil
}

func answerStep(m sms.Message, carrier sms.Carrier) smsTrailStep {
	s := smsTrailStep{
		At: datetime{m.SentAt}, What: "answer", Text: carrier.Name + " accepted it.",
		Details: map[string]string{"references": strings.Join(m.Refs, " "), "retries": strconv.Itoa(m.Attempts)},
	}
	if m.Duplicate {
		s.Details["possibleDuplicate"] = "sent again after a doubt: it may have arrived twice"
	}
	return s
}

func endStep(m sms.Message) smsTrailStep {
	s := smsTrailStep{At: datetime{m.DoneAt}, What: string(m.State), Text: m.State.Sentence(), Details: map[string]string{"ptt": strconv.Itoa(m.PTT)}}
	if p, ok := sms.PTTByCode(m.PTT); ok {
		s.Details["pttMeaning"] = p.Description
	}
	if m.Error != "" {
		s.Details["error"] = m.Error
	}
	if m.Receipt != "" {
		s.Details["receipt"] = m.Receipt
	}
	return s
}
