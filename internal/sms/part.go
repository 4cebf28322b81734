package sms

import (
	"slices"
	"strings"

	"ramier/internal/gsm"
)

// IncomingPart says which part of a long incoming message something is. Total is below 2 for messages of one part.
type IncomingPart struct {
	Ref    int // with handset and number, it names the message; from 65,536 on those of 16 bits
	Total  int
	Place  int // from 1
	Coding byte
	Octets []byte
}

// Gap stands for parts that never came.
const Gap = "[…]"

// JoinParts puts the parts of one message together, in whatever order they are, and tells whether all are there. Where some are
// missing the text has a Gap.
func JoinParts(parts []IncomingPart) (text string, whole bool) {
	pieces := make([]gsm.Piece, len(parts))
	for i, p := range parts {
		pieces[i] = gsm.Piece{Index: uint8(p.Place), Total: uint8(p.Total), Coding: p.Coding, Octets: p.Octets} //nolint:gosec // from octets
	}
	if text, whole = gsm.Join(pieces); whole {
		return legible(text), true
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b IncomingPart) int { return a.Place - b.Place })
	var out strings.Builder
	last := 0
	for _, p := range parts {
		if p.Place > last+1 {
			out.WriteString(Gap)
		}
		if p.Place > last {
			out.WriteString(gsm.Decode(p.Octets, p.Coding))
			last = p.Place
		}
	}
	if len(parts) > 0 && last < parts[0].Total {
		out.WriteString(Gap)
	}
	return legible(out.String()), false
}

// legible takes out NUL, which databases do not take.
func legible(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

// DecodeIncoming reads the octets of an incoming message by SMPP's data_coding.
func DecodeIncoming(octets []byte, coding byte) string { return legible(gsm.Decode(octets, coding)) }

// ReplyPrice is what one part of a reply to a short number costs.
const ReplyPrice = Credit

// NoConfirmation is the setting StopConfirmation of services whose receivers get none.
const NoConfirmation = "none"

// Confirmation gives what the service answers to a STOP, empty for nothing.
func (s *Service) Confirmation() string {
	switch {
	case s.Settings.StopConfirmation == NoConfirmation:
		return ""
	case s.Settings.StopConfirmation != "":
		return s.Settings.StopConfirmation
	}
	return inLanguage(s.Country, "Votre demande est prise en compte : vous ne recevrez plus de publicité de notre part.",
		"Your request has been noted: you will receive no more advertising from us.")
}

// TrackingText tells the owner of a service of a reply, in one part.
func TrackingText(from, text string) string {
	whole := from + ": " + text
	for runes := []rune(whole); len(runes) > 0; runes = runes[:len(runes)-1] {
		shown := string(runes)
		if shown != whole {
			shown = strings.TrimRight(shown, " ") + "..."
		}
		if a, err := gsm.Analyse(shown, gsm.GSM7); err == nil && a.Parts <= 1 {
			return shown
		}
		if len(runes) > 160 {
			runes = runes[:161]
		}
	}
	return from
}
