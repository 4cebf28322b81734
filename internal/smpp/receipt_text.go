package smpp

import (
	"strings"
	"time"
)

// A receiptKey is one of the words before a colon in a receipt's text.
type receiptKey byte

const (
	keyNone receiptKey = iota
	keyID
	keySub
	keyDlvrd
	keySubmit
	keyDone
	keyStat
	keyErr
	keyText
	keyCount
)

// receiptKeys are the words as they are met, longest first where one begins like another.
var receiptKeys = []struct {
	word string
	key  receiptKey
}{
	{"id", keyID},
	{"submit date", keySubmit},
	{"submit_date", keySubmit},
	{"submitdate", keySubmit},
	{"submit-date", keySubmit},
	{"sub", keySub},
	{"dlvrd", keyDlvrd},
	{"dlvd", keyDlvrd},
	{"done date", keyDone},
	{"done_date", keyDone},
	{"donedate", keyDone},
	{"done-date", keyDone},
	{"status", keyStat},
	{"stat", keyStat},
	{"error", keyErr},
	{"err", keyErr},
	{"text", keyText},
}

// scanReceipt takes the values out of a receipt's text: keys in any order and case,
// missing ones, blanks around the colon, line breaks. The first of a kind counts.
// Behind "text:" stand the sender's own words: what looks like a key there counts
// only if neither id nor state was found before, that is, if the text came first.
func scanReceipt(s string) (f [keyCount]string) {
	s = s[:min(len(s), maxReceiptText)]
	end := scanKeys(s, &f, true)
	if end < len(s) && f[keyID] == "" && f[keyStat] == "" {
		scanKeys(s[end:], &f, false)
		if key := firstKey(s[end:]); key >= 0 && f[keyID] != "" {
			f[keyText] = strings.TrimSpace(s[end : end+key])
		}
	}
	return f
}

// maxReceiptText is how much of a text is looked at, in octets; real ones have 150.
const maxReceiptText = 2048

// scanKeys goes from key to key. If it stops at text, it gives where that begins,
// else the length of s.
func scanKeys(s string, f *[keyCount]string, stopAtText bool) int {
	for i := 0; i < len(s); {
		if i > 0 && !separates(s[i-1]) {
			i++
			continue
		}
		key, n := keyAt(s[i:])
		if key == keyNone {
			i++
			continue
		}
		i += n
		if key == keyText && stopAtText {
			f[keyText] = strings.TrimRight(s[i:], "\r\n")
			return i
		}
		value := receiptValue(s[i:])
		if f[key] == "" {
			f[key] = value
		}
		i += len(value)
	}
	return len(s)
}

func firstKey(s string) int {
	for i := range len(s) {
		if i > 0 && !separates(s[i-1]) {
			continue
		}
		if key, _ := keyAt(s[i:]); key != keyNone {
			return i
		}
	}
	return -1
}

func separates(b byte) bool { return strings.IndexByte(" \t\r\n,;|", b) >= 0 }

// keyAt reads a key, its colon and the blanks around that, at the beginning of s.
func keyAt(s string) (receiptKey, int) {
	if s == "" || strings.IndexByte("isdetISDET", s[0]) < 0 {
		return keyNone, 0 // no key begins with another letter
	}
	for _, k := range receiptKeys {
		if len(s) <= len(k.word) || s[0]|0x20 != k.word[0] || !strings.EqualFold(s[:len(k.word)], k.word) {
			continue
		}
		n := len(k.word) + blanks(s[len(k.word):])
		if n < len(s) && (s[n] == ':' || s[n] == '=') {
			n++
			return k.key, n + blanks(s[n:])
		}
	}
	return keyNone, 0
}

func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

// receiptValue is the word at the beginning of s; none, if a key stands there.
func receiptValue(s string) string {
	if key, _ := keyAt(s); key != keyNone {
		return ""
	}
	if i := strings.IndexAny(s, " \t\r\n,;|"); i >= 0 {
		return s[:i]
	}
	return s
}

// stateNamed understands the word behind "stat:", in full or cut, or its number.
func stateNamed(word string) MessageState {
	if len(word) == 1 && word[0] >= '1' && word[0] <= '8' {
		return MessageState(word[0] - '0')
	}
	for _, w := range receiptStates {
		if len(word) >= len(w.begin) && strings.EqualFold(word[:len(w.begin)], w.begin) {
			return w.state
		}
	}
	return 0
}

// receiptStates are the beginnings of the words for a state.
var receiptStates = []struct {
	begin string
	state MessageState
}{
	{"DELIV", StateDelivered},
	{"DELET", StateDeleted},
	{"EXPIR", StateExpired},
	{"UNDEL", StateUndeliverable},
	{"FAIL", StateUndeliverable},
	{"ACCEP", StateAccepted},
	{"REJ", StateRejected},
	{"ENROUTE", StateEnroute},
	{"BUF", StateEnroute},
	{"UNKN", StateUnknown},
}

// receiptTime reads YYMMDDhhmm, with seconds or without, and the year in four
// digits; anything else is no time.
func receiptTime(s string, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	var layout string
	switch len(s) {
	case 10:
		layout = "0601021504"
	case 12:
		layout = "060102150405"
	case 14:
		layout = "20060102150405"
	default:
		return time.Time{}
	}
	t, err := time.ParseInLocation(layout, s, zone)
	if err != nil {
		return time.Time{}
	}
	return t
}
