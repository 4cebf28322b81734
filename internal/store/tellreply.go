package store

import (
	"context"
	"time"

	"ramier/internal/sms"
)

// notice begins what is told of a reply.
func (r *reply) notice(kind sms.NoticeKind) sms.Notice {
	return sms.Notice{
		Kind: kind, Service: r.service.Name, At: r.At, Outgoing: r.OutgoingID, Sender: r.sender, Tag: r.Tag, Incoming: r.ID,
		From: r.Incoming.Sender, Number: r.Number, Text: r.Text, Keyword: r.rule.Word, Parts: r.Parts, Credits: r.Credits, Duplicate: r.twice,
	}
}

func (w *settlement) owe(r *reply, n sms.Notice, endpoints ...sms.Endpoint) {
	for _, e := range endpoints {
		w.owed = append(w.owed, owing{e, r.ServiceID, r.ID, n})
	}
}

// hooks gives the webhooks of a service that want an event.
func (w *settlement) hooks(service int64, event string) []sms.Endpoint {
	if who := w.s.subscribers.of(service); who != nil {
		return who.endpoints(service, event)
	}
	return nil
}

// tellReply notes who is told of a reply, and what is answered. Nothing is answered to those who opt out or in, but for what a rule says.
func (w *settlement) tellReply(r *reply) {
	n := r.notice(sms.NoticeReply)
	w.owe(r, n, w.hooks(r.ServiceID, n.Event())...)
	set := r.service.Settings
	if set.ResponseType == "cgi" && set.ResponseCgiURL != "" {
		w.owe(r, n, sms.CgiURLOf(r.ServiceID))
	}
	if r.rule.URL != "" {
		w.owe(r, n, sms.ObjectEndpoint(r.rule.ID))
	}
	switch {
	case r.rule.Answer != "":
		w.answer(r, r.Incoming.Sender, "", r.rule.Answer)
	case r.intent == sms.NoIntent && set.ResponseType == "text" && set.ResponseText != "":
		w.answer(r, r.Incoming.Sender, "", set.ResponseText)
	}
	if r.rule.Email != "" {
		w.mail(r, sms.MailKeyword, r.rule.Email, "")
	}
	for _, t := range set.ResponseTracking {
		// Calls need a way to speak that the platform does not have.
		switch {
		case t.Media == "email":
			w.mail(r, sms.MailReply, t.Target, t.Sender)
		case t.Media == "sms" && t.Target != "":
			sender := t.Sender
			if sender == "" {
				sender = set.ResponseTrackingSender
			}
			w.answer(r, t.Target, sender, sms.TrackingText(r.Incoming.Sender, r.Text))
		}
	}
}

// mail notes a mail about a reply.
func (w *settlement) mail(r *reply, kind, to, replyTo string) {
	if !w.s.mails.on.Load() {
		w.s.log.Warn("a reply is to be told by mail, and the platform sends none: name a mail server (mail.host)", "service", r.service.Name, "reply", r.ID)
		return
	}
	if sms.IsMailAddress(to) {
		w.mails = append(w.mails, sms.ReplyMail(&r.service, kind, to, replyTo, r.Incoming, time.UTC))
	}
}

// answer notes an SMS that the platform is to send by itself. Without a sender a short number shows.
func (w *settlement) answer(r *reply, to, sender, text string) {
	n := sms.Notice{
		Kind: sms.NoticeAnswer, Service: r.service.Name, At: r.At, Receiver: to, Sender: sender, Text: text, Tag: r.Tag, Incoming: r.ID,
		Outgoing: r.OutgoingID,
	}
	w.owe(r, n, sms.AnswersOf(r.ServiceID))
}

// tellStop notes who is told of an opt-out, and its confirmation.
func (w *settlement) tellStop(ctx context.Context, r *reply) error {
	n := r.notice(sms.NoticeOptOut)
	w.owe(r, n, w.hooks(r.ServiceID, n.Event())...)
	called, ok, err := w.t.stopCallBackOf(ctx, r.service, r.OutgoingID)
	if err != nil {
		return err
	}
	if ok {
		w.owe(r, n, called)
	}
	if text := r.service.Confirmation(); text != "" && r.rule.Answer == "" {
		w.answer(r, r.Incoming.Sender, r.sender, text)
	}
	return nil
}
