package smppd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

// multi sends one text to several receivers. They are known by one id, and paid all or none.
func (l *link) multi(ctx context.Context, p *smpp.SubmitMulti) (smpp.PDU, smpp.Status) {
	like := &smpp.SubmitSM{
		ServiceType: p.ServiceType, Source: p.Source, ESMClass: p.ESMClass, Priority: p.Priority, ScheduleTime: p.ScheduleTime,
		ValidityPeriod: p.ValidityPeriod, RegisteredDelivery: p.RegisteredDelivery, DataCoding: p.DataCoding, ShortMessage: p.ShortMessage, TLVs: p.TLVs,
	}
	receivers, written, status := receiversOf(p.Dests)
	if status != smpp.OK {
		return nil, status
	}
	text, status := l.whole(like)
	if status != smpp.OK {
		return nil, status
	}
	o, status := l.s.order(ctx, l.service, like, text)
	if status != smpp.OK {
		return nil, status
	}
	join, err := l.s.cfg.Store.JoinID(ctx)
	if err != nil {
		return nil, statusOf(err)
	}
	o.Receivers, o.QueryID = receivers, queryID(l.service, p.DataCoding)
	if wants := p.RegisteredDelivery & receiptMask; wants != 0 {
		like.Dest = smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN}
		o.ReceiptTo = newReturn(like, wants, []returnPart{{join, 1}})
	}
	hash := sha256.Sum256(fmt.Append(nil, join))
	report, err := l.s.cfg.Submit.Submit(ctx, l.service.AccountID, l.service.Name, o, submit.Key{Key: joinKey(join), Hash: hash[:]})
	if err != nil {
		return nil, statusOf(err)
	}
	resp := &smpp.SubmitMultiResp{}
	status = smpp.OK
	for _, r := range report.Invalid {
		resp.Unsuccess = append(resp.Unsuccess, smpp.Unsuccess{Address: written[r.Receiver], Status: refusalOf(r)})
		status = refusalOf(r)
	}
	if len(report.IDs) > 0 {
		resp.MessageID, status = messageID(join, 1), smpp.OK
	}
	return resp, status
}

// receiversOf gives receivers as the plan reads them, and how each was written. There are no distribution lists.
func receiversOf(dests []smpp.Dest) (receivers []string, written map[string]smpp.Address, status smpp.Status) {
	written = make(map[string]smpp.Address, len(dests))
	for _, d := range dests {
		if d.List != "" {
			return nil, nil, smpp.CannotSubmitToDL
		}
		to := destination(d.Address)
		receivers, written[to] = append(receivers, to), d.Address
	}
	return receivers, written, smpp.OK
}

// fromData gives the submit_sm that means what a data_sm does.
func fromData(p *smpp.DataSM) (*smpp.SubmitSM, smpp.Status) {
	switch {
	case len(p.Source.Addr) > 20:
		return nil, smpp.InvalidSource
	case len(p.Dest.Addr) > 20:
		return nil, smpp.InvalidDest
	}
	s := &smpp.SubmitSM{
		ServiceType: p.ServiceType, Source: p.Source, Dest: p.Dest, ESMClass: p.ESMClass, RegisteredDelivery: p.RegisteredDelivery,
		DataCoding: p.DataCoding, TLVs: p.TLVs,
	}
	if seconds, ok := p.TLVs.Uint(smpp.TagQOSTimeToLive); ok && seconds < uint32(sms.MaxValidity.Seconds()) {
		var err error
		if s.ValidityPeriod, err = smpp.FormatPeriod(time.Duration(seconds) * time.Second); err != nil || seconds == 0 {
			return nil, smpp.InvalidTLVValue
		}
	}
	return s, smpp.OK
}
