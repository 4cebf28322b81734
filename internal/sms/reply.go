package sms

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Intent is what a reply asks for.
type Intent string

// The intents.
const (
	NoIntent Intent = ""      // nothing that opts out or in
	OptsOut  Intent = "stop"  // no more messages
	OptsIn   Intent = "start" // messages again, after an opt-out
)

// maxJudged is how much of a reply is looked at, in bytes: six parts of the longest characters, and more.
const maxJudged = 4096

// ReadIntent tells what a reply asks for. It reads letters and digits only, whatever their case, accents or width, and no
// signatures or quoted messages; letters of other alphabets that look the same count as the same, and long words may have a slip. A reply
// asks to stop if
//
//  1. its first word is STOP, courtesy ("Bonjour, stop") and numbers ("36111 stop") left out, whatever follows, but for a few names like
//     "stop and go"; or
//  2. it has a phrase like "ne plus recevoir" or "remove me", unless a "not" stands right before it; or
//  3. it, or one of its lines, has a word like "arrêt" or "unsubscribe" and otherwise only words that mean nothing else, and no
//     "not" in the same clause; or
//  4. its last clause is STOP, as in "J'en ai assez. Stop !", and courtesy.
//
// It asks for messages again only by the third rule, with words like START: a wrong opt-in would be worse than a wrong opt-out.
// OUI and YES are answers to too much to be among them. Words and phrases are in reply_words.txt.
func ReadIntent(reply string) Intent {
	v := vocabulary()
	lines := replyLines(reply)
	whole := v.mend(words(strings.Join(lines, "\n")))
	if v.beginsWithStop(whole) || v.hasPhrase(whole) || v.isAbout(whole, v.stop, v.phrases) || v.endsWithStop(lines) {
		return OptsOut
	}
	for i, line := range lines {
		w := v.mend(words(line))
		// Below other lines "STOP:36111" is the end of a message that was copied.
		if len(lines) > 1 && (i == 0 || !slices.ContainsFunc(w, word.isNumber)) && v.isAbout(w, v.stop, v.phrases) {
			return OptsOut
		}
	}
	if v.isAbout(whole, v.start, v.startPhrases) {
		return OptsIn
	}
	return NoIntent
}

// Keyword gives the first word of a reply in the form in which keywords are compared, small letters without accents or anything
// else, and what follows it, as written. The word is empty if the reply has neither letter nor digit.
func Keyword(reply string) (keyword, rest string) {
	start := strings.IndexFunc(reply, isWordRune)
	if start < 0 {
		return "", ""
	}
	rest = reply[start:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !isWordRune(r) && !isSilent(r) })
	if end < 0 {
		end = len(rest)
	}
	return string(fold(rest[:end])), strings.TrimSpace(rest[end:])
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isSilent tells that a character shows nothing of its own: accents, direction marks, joiners, soft hyphens.
func isSilent(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) }

// fold gives a text in its plainest form: full-width and decorated letters as plain ones, small, without accents and marks.
func fold(s string) []rune {
	folded := make([]rune, 0, len(s))
	for _, r := range norm.NFKD.String(s) {
		if !isSilent(r) {
			folded = append(folded, latin(unicode.ToLower(r)))
		}
	}
	return folded
}

// twins are letters of other alphabets that look like Latin ones, after fold: what is seen as STOP is STOP, whatever keyboard or joker it
// came from. Behind each Latin letter stand those that are taken for it.
var twins = strings.Fields("aаα bв cсϲ eеεҽ hн iіι jј kкκ mм nη oоοσօ pрρ sѕʂꜱ tтτ uυս xхχ yуγ")

var twin = sync.OnceValue(func() map[rune]rune {
	all := map[rune]rune{}
	for _, group := range twins {
		for _, r := range group[1:] {
			all[r] = rune(group[0])
		}
	}
	return all
})

// latin gives the Latin letter that a letter looks like, or the letter itself. White letters in black squares and circles have no plain form
// in Unicode's tables.
func latin(r rune) rune {
	switch {
	case r <= unicode.MaxASCII:
		return r
	case r >= '🅐' && r <= '🅩':
		return 'a' + r - '🅐'
	case r >= '🅰' && r <= '🆉':
		return 'a' + r - '🅰'
	}
	if l, ok := twin()[r]; ok {
		return l
	}
	return r
}

// word is a run of letters or of digits of a reply. Repeated letters count once.
type word struct {
	text  string
	fresh bool // punctuation, a line end or a sign stands before it
}

func (w word) isNumber() bool { return w.text[0] >= '0' && w.text[0] <= '9' }

// words cuts a text into words, with "s.t.o.p" as one.
func words(s string) []word {
	var all []word
	var now []rune
	fresh := false
	end := func() {
		if len(now) > 0 {
			all = append(all, word{string(now), fresh})
			now, fresh = nil, false
		}
	}
	for _, r := range fold(s) {
		switch {
		case unicode.IsLetter(r):
			if n := len(now); n > 0 && unicode.IsDigit(now[n-1]) {
				end()
			}
			if n := len(now); n == 0 || now[n-1] != r {
				now = append(now, r)
			}
		case unicode.IsDigit(r):
			if n := len(now); n > 0 && unicode.IsLetter(now[n-1]) {
				end()
			}
			if r > unicode.MaxASCII {
				r = '0' // other scripts' digits; which one it is does not matter
			}
			now = append(now, r)
		default:
			end()
			fresh = fresh || !joins(r)
		}
	}
	end()
	return spelled(all)
}

// joins tells that a character leaves the words at its sides in one clause.
func joins(r rune) bool {
	return r == ' ' || r == '\t' || strings.ContainsRune("'’‘ʼ`´-‐‑_*", r)
}

// spelled makes one word of "s t o p", and of "st0p", "st op" and the like at the beginning.
func spelled(all []word) []word {
	for i := range all {
		together := ""
		for n, w := range all[i:min(len(all), i+4)] {
			together += strings.ReplaceAll(w.text, "0", "o")
			if together == "stop" && n > 0 && (i == 0 || n == 3) {
				all[i].text = "stop"
				return spelled(slices.Delete(all, i+1, i+n+1))
			}
		}
	}
	return all
}

// lexicon is what is known of words.
type lexicon struct {
	first, stop, start, not, courtesy, known map[string]bool
	phrases, startPhrases, names             phrases
	wholePhrases, harmless                   phrases
}

// phrases are sequences of words, by their first word.
type phrases map[string][][]string

//go:embed reply_words.txt
var replyWords string

var vocabulary = sync.OnceValue(func() *lexicon { return readLexicon(replyWords) })

func readLexicon(text string) *lexicon {
	v := &lexicon{phrases: phrases{}, startPhrases: phrases{}, names: phrases{}, wholePhrases: phrases{}, harmless: phrases{}}
	rows := map[string]phrases{
		"phrases": v.phrases, "names": v.names, "start phrases": v.startPhrases, "whole phrases": v.wholePhrases, "harmless phrases": v.harmless,
	}
	sets := map[string]map[string]bool{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			sets[section] = map[string]bool{}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		var row []string
		for _, w := range words(line) {
			row = append(row, w.text)
		}
		if p, ok := rows[section]; ok {
			p[row[0]] = append(p[row[0]], row)
			continue
		}
		for _, w := range row {
			sets[section][w] = true
		}
	}
	v.first, v.stop, v.start = sets["first"], sets["stop"], sets["start"]
	v.not, v.courtesy, v.known = sets["not"], sets["courtesy"], sets["known"]
	return v
}

// longWord is from how many letters on a word to stop is known in spite of one wrong, missing, doubled or exchanged letter.
const longWord = 8

// mend corrects a slip in long words to stop: "désincription", "unsuscribe".
func (v *lexicon) mend(all []word) []word {
	for i, w := range all {
		if len(w.text) < longWord-1 || w.isNumber() || v.stop[w.text] || v.start[w.text] || v.known[w.text] || v.courtesy[w.text] {
			continue
		}
		for right := range v.stop {
			if len(right) >= longWord && nearly(w.text, right) {
				all[i].text = right
				break
			}
		}
	}
	return all
}

// nearly tells that two words differ by one letter that is wrong, missing or too much, or by two that have changed places.
func nearly(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) > len(b):
		return a[i+1:] == b[i:]
	case i == len(a), a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// beginsWithStop is the first rule.
func (v *lexicon) beginsWithStop(all []word) bool {
	for i, w := range all {
		switch {
		case v.isFirst(w.text):
			return !v.isCompound(all, i) && v.names.at(all, i) == 0
		case !w.isNumber() && !v.courtesy[w.text]:
			return false
		}
	}
	return false
}

// isFirst tells that a word is STOP, or STOP and another without a space between, like "stopsms".
func (v *lexicon) isFirst(text string) bool {
	rest, ok := strings.CutPrefix(text, "stop")
	return v.first[text] || ok && len(rest) > 1 &&
		(v.known[rest] || v.courtesy[rest] || v.known["p"+rest]) // "stoppub" has lost a letter
}

// isCompound tells that the word is the second half of "non-stop".
func (v *lexicon) isCompound(all []word, i int) bool {
	return i > 0 && !all[i].fresh && all[i-1].text == "non"
}

// isNot tells that a word turns what follows into its opposite: "pas", "not", the t of "don't".
func (v *lexicon) isNot(all []word, i int) bool {
	return v.not[all[i].text] || all[i].text == "t" && i > 0 && v.known[all[i-1].text] && strings.HasSuffix(all[i-1].text, "n") ||
		all[i].text == "dont" && i+1 < len(all) && v.stop[all[i+1].text]
}

// at gives how many words a phrase has that begins at a place, 0 if none does.
func (p phrases) at(all []word, i int) int {
	longest := 0
	for _, row := range p[all[i].text] {
		if len(row) <= len(all)-i && len(row) > longest &&
			slices.EqualFunc(row, all[i:i+len(row)], func(a string, b word) bool { return a == b.text }) {
			longest = len(row)
		}
	}
	return longest
}

// hasPhrase is the second rule.
func (v *lexicon) hasPhrase(all []word) bool {
	for i := 0; i < len(all); i++ {
		if n := v.harmless.at(all, i); n > 0 {
			i += n - 1
			continue
		}
		if v.phrases.at(all, i) == 0 {
			continue
		}
		negated := false
		for j := i - 1; j >= max(0, i-2) && !all[j+1].fresh; j-- {
			negated = negated || v.isNot(all, j)
		}
		if !negated {
			return true
		}
	}
	return false
}

// isAbout is the third rule: nothing but known words, and among them one of the set or a phrase in a clause without a "not".
func (v *lexicon) isAbout(all []word, set map[string]bool, p phrases) bool {
	found, inClause, negated := false, false, false
	for i := 0; i < len(all); i++ {
		w := all[i]
		if w.fresh {
			found = found || inClause && !negated
			inClause, negated = false, false
		}
		if n := v.harmless.at(all, i); n > 0 {
			i += n - 1
			continue
		}
		if n := max(p.at(all, i), v.wholeAt(set, all, i)); n > 0 {
			inClause = true
			i += n - 1
			continue
		}
		switch {
		case v.isNot(all, i):
			negated = true
		case set[w.text], set["stop"] && v.isFirst(w.text):
			inClause = true
			negated = negated || v.isCompound(all, i)
		case !w.isNumber() && !v.known[w.text] && !v.courtesy[w.text]:
			return false
		}
	}
	return found || inClause && !negated
}

// wholeAt gives how many words a phrase has that asks to stop where nothing else is said.
func (v *lexicon) wholeAt(set map[string]bool, all []word, i int) int {
	if !set["stop"] {
		return 0
	}
	return v.wholePhrases.at(all, i)
}

// endsWithStop is the fourth rule. A number after it makes it the end of a message that was copied.
func (v *lexicon) endsWithStop(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	last := strings.TrimRightFunc(lines[len(lines)-1], func(r rune) bool { return !isWordRune(r) })
	at := clauseEnd(last)
	if at == 0 {
		return false
	}
	all := words(last[at:])
	return v.beginsWithStop(all) && !slices.ContainsFunc(all, func(w word) bool { return !v.isFirst(w.text) && !v.courtesy[w.text] })
}

// clauseEnd gives where the last clause of a line begins: behind punctuation and a blank, 0 if there is none.
func clauseEnd(line string) int {
	at := strings.LastIndexFunc(line, func(r rune) bool { return strings.ContainsRune(",;.!?…", r) })
	if at < 0 {
		return 0
	}
	_, size := utf8.DecodeRuneInString(line[at:])
	if next, _ := utf8.DecodeRuneInString(line[at+size:]); !unicode.IsSpace(next) {
		return 0
	}
	return at + size
}

// replyLines gives the lines of a reply that its author wrote: no signature of a phone, no quoted message. If nothing is left
// they are all there.
func replyLines(reply string) []string {
	if len(reply) > maxJudged {
		n := maxJudged
		for n > 0 && !utf8.RuneStart(reply[n]) {
			n--
		}
		reply = reply[:n]
	}
	var own, all []string
	quoted := false
	for _, line := range strings.FieldsFunc(reply, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		all = append(all, line)
		quoted = quoted || beginsQuote(line)
		if !quoted && line[0] != '>' && line[0] != '|' && !isSignature(line) {
			own = append(own, line)
		}
	}
	if len(own) == 0 {
		return all
	}
	return own
}

// beginsQuote tells that what follows is the message that is answered, or a signature that the author wrote once.
func beginsQuote(line string) bool {
	plain := string(fold(strings.TrimRight(line, " :")))
	before, _, colon := strings.Cut(string(fold(line)), ":")
	switch strings.TrimSpace(before) {
	case "de", "from", "expediteur":
		if colon {
			return true
		}
	}
	return line == "--" || len(line) >= 10 && strings.Trim(line, "_-") == "" || strings.HasSuffix(plain, " a ecrit") || strings.HasSuffix(plain, " wrote") ||
		strings.Contains(plain, "message d'origine") || strings.Contains(plain, "original message")
}

// isSignature tells that a program wrote the line.
func isSignature(line string) bool {
	plain := string(fold(strings.TrimLeftFunc(line, func(r rune) bool { return !unicode.IsLetter(r) })))
	for _, start := range []string{
		"envoye de ", "envoye depuis ", "envoye a partir ", "sent from ", "get outlook", "obtenez outlook", "telecharge", "provenance : ",
	} {
		if strings.HasPrefix(plain, start) {
			return true
		}
	}
	return false
}
