package sms

import (
	"strings"
	"time"
)

// TemplateControl is a text that the operator must have seen before messages like it may go to some countries. Parts between
// two # stand for what differs.
type TemplateControl struct {
	ServiceID   int64
	Name        string
	Activity    string // alerting, authentification or transactional
	Message     string
	Description string
	Reason      string
	Comment     string // of who decided
	Status      string // as of a Sender
	ChangedAt   time.Time
}

// Pattern is a template's text, cut at its variable parts.
type Pattern []string

// ParsePattern reads the text of a template: "Your code is #CODE#." A # without a second one stands for itself; so does ## .
func ParsePattern(message string) Pattern {
	var p Pattern
	fixed, rest := "", message
	for {
		before, after, ok := strings.Cut(rest, "#")
		if !ok {
			return append(p, fixed+rest)
		}
		name, behind, ok := strings.Cut(after, "#")
		if !ok || !isVariable(name) {
			fixed, rest = fixed+before+"#", after
			continue
		}
		p = append(p, fixed+before)
		fixed, rest = "", behind
	}
}

// isVariable tells whether a text between two # is the name of a variable part.
func isVariable(name string) bool {
	if name == "" || len(name) > 40 {
		return false
	}
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Matches tells whether a text is the pattern with something at each variable part. Spaces around and line ends do not count.
func (p Pattern) Matches(text string) bool {
	clean := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
	first, text := strings.TrimLeft(clean(p[0]), " \n"), strings.TrimSpace(clean(text))
	last := len(p) - 1
	if last == 0 {
		return text == strings.TrimSpace(first)
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for _, fixed := range p[1:last] {
		i := -1
		if text != "" {
			i = strings.Index(text[1:], clean(fixed)) // the part before has at least a byte
		}
		if i < 0 {
			return false
		}
		text = text[1+i+len(clean(fixed)):]
	}
	end := strings.TrimRight(clean(p[last]), " \n")
	return len(text) > len(end) && strings.HasSuffix(text, end)
}

// needsTemplate are the countries whose operators want to have seen a text before; from OVH's guide on the USA.
var needsTemplate = map[string]bool{"US": true}

// TemplateFor tells whether a message to a country may be sent: no template is needed, or one of the approved ones fits.
func (r *Rules) TemplateFor(country, text string) bool {
	if !needsTemplate[country] || r.Service.Settings.FreeText {
		return true
	}
	for _, p := range r.Templates {
		if p.Matches(text) {
			return true
		}
	}
	return false
}
