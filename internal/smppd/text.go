package smppd

import (
	"strings"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
)

// piece takes the text of a submit_sm, and which part of a long message it is.
func (l *link) piece(p *smpp.SubmitSM) (gsm.Piece, smpp.Concat, smpp.Status) {
	octets := p.ShortMessage
	var concat smpp.Concat
	if l.settings.Plain {
		octets = p.Text()
		concat, _ = p.TLVs.Concat()
	}
	if p.ESMClass&smpp.ESMUDHI != 0 {
		header, rest, err := smpp.ParseUDH(octets)
		if err != nil {
			return gsm.Piece{}, concat, smpp.InvalidMessageLength
		}
		if _, _, ports := header.Ports(); ports {
			return gsm.Piece{}, concat, smpp.InvalidESMClass // for an application on the phone, not for a reader
		}
		octets = rest
		if c, ok := header.Concat(); ok {
			concat = c
		}
	}
	if len(octets) == 0 {
		return gsm.Piece{}, concat, smpp.InvalidMessageLength
	}
	return gsm.Piece{Index: max(concat.Seq, 1), Total: max(concat.Total, 1), Coding: byte(p.DataCoding), Octets: octets}, concat, l.readable(p.DataCoding, octets)
}

// readable tells whether octets can be text in a coding.
func (l *link) readable(coding smpp.DataCoding, octets []byte) smpp.Status {
	switch {
	case coding == smpp.CodingDefault:
		return septets(octets)
	case coding == smpp.CodingUCS2:
		return pairs(octets)
	case !l.settings.Plain:
		return codingUnsupported
	case coding == smpp.CodingASCII, coding == smpp.CodingLatin1:
		return smpp.OK
	case hasClass(coding) && coding&0x0C == 0: // GSM 7 bit, with a class
		return septets(octets)
	case coding&0xF0 == 0x10 && coding&0x0C == 0x08: // UCS-2, with a class
		return pairs(octets)
	}
	return codingUnsupported
}

func septets(octets []byte) smpp.Status {
	for _, c := range octets {
		if c >= 0x80 {
			return badGSM7
		}
	}
	return smpp.OK
}

func pairs(octets []byte) smpp.Status {
	if len(octets)%2 != 0 {
		return smpp.InvalidMessageLength
	}
	return smpp.OK
}

// textOf joins and reads pieces.
func textOf(pieces []gsm.Piece) (string, smpp.Status) {
	text, complete := gsm.Join(pieces)
	switch {
	case !complete || text == "":
		return "", smpp.InvalidMessageLength
	case strings.ContainsRune(text, '\uFFFD'):
		if pieces[0].Coding == byte(smpp.CodingDefault) {
			return "", badGSM7
		}
		return "", smpp.SubmitFailed
	case strings.ContainsRune(text, 0):
		return "", smpp.SubmitFailed
	}
	return text, smpp.OK
}
