package smppc

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// Every status of the specification has its line, and every refusal a code that customers can look up.
func TestVerdictsAreComplete(t *testing.T) {
	for s := range smpp.Status(0x100) {
		v, ok := verdicts[s]
		if known := strings.HasPrefix(s.Name(), "ESME_"); known != ok {
			t.Errorf("%s has a verdict: %t", s.Name(), ok)
		}
		if _, listed := sms.PTTByCode(v.ptt); !listed || (v.fate == refused) != (v.ptt != 0) {
			t.Errorf("%s: fate %d, code %d", s.Name(), v.fate, v.ptt)
		}
	}
	for code, ptt := range reasons {
		if _, listed := sms.PTTByCode(ptt); !listed || !isNumber(code) {
			t.Errorf("%s means %d", code, ptt)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for status, want := range map[smpp.Status]verdict{
		smpp.OK:                     {fate: accepted},
		smpp.Throttled:              {fate: slow},
		smpp.QueueFull:              {fate: slow},
		smpp.SystemError:            {fate: retry},
		smpp.ReceiverTemporaryError: {fate: retry},
		smpp.InvalidBindStatus:      {fate: retry},
		smpp.InvalidDest:            {fate: refused, ptt: sms.PTTBarred},
		smpp.InvalidSource:          {fate: refused, ptt: sms.PTTFormat},
		smpp.InvalidMessageLength:   {fate: refused, ptt: sms.PTTFormat},
		smpp.InvalidScheduleTime:    {fate: refused, ptt: sms.PTTFormat},
		smpp.InvalidValidityPeriod:  {fate: refused, ptt: sms.PTTFormat},
		smpp.CannotSubmitToDL:       {fate: refused, ptt: sms.PTTFormat},
		smpp.ReceiverRejected:       {fate: refused, ptt: sms.PTTForbidden},
		smpp.SubmitFailed:           {fate: refused, ptt: sms.PTTUndelivered},
		0x400:                       {fate: refused, ptt: sms.PTTUndelivered},
		0xFFFFFFFF:                  {fate: refused, ptt: sms.PTTUndelivered},
	} {
		got := judge(smpp.Answer{Status: status, PDU: &smpp.SubmitSMResp{}})
		if got.fate != want.fate || got.ptt != want.ptt || (got.reason == "") != (want.fate == accepted) {
			t.Errorf("%v: got %+v, want %+v", status, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"7f3a":                    "7f3a",
		"été ✓":                   "été ✓",
		"a\x00b\nc\r\x7f\u0085":   `a\x00b\x0Ac\x0D\x7F\x85`,
		"a\u2028b":                `a\x2028b`,
		"\xff\xfe!":               "\uFFFD!",
		strings.Repeat("é", 20):   strings.Repeat("é", 16),
		strings.Repeat("a", 33):   strings.Repeat("a", 32),
		strings.Repeat("\n", 100): strings.Repeat(`\x0A`, 8),
	} {
		if got := clean(in, 32); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := clean(string(rapid.SliceOf(rapid.Byte()).Draw(t, "octets")), 32)
		if !utf8.ValidString(s) || len(s) > 32 || strings.ContainsAny(s, "\x00\r\n") || clean(s, 32) != s {
			t.Errorf("got %q", s)
		}
	})
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"": "", "36": "**", "3618": "****", "36180": "*6180", "+33612345678": "********5678"} {
		if got := mask(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
