package main

import (
	"strings"
	"unicode"

	"ramier/internal/ovh/schema"
)

// initialisms are written in capitals where they are a word of their own.
var initialisms = map[string]string{
	"Id": "ID", "Url": "URL", "Ip": "IP", "Api": "API", "Http": "HTTP", "Tls": "TLS", "Pdu": "PDU",
	"Ids": "IDs", "Ips": "IPs", "Urls": "URLs",
}

// goName turns a name of the API into an exported Go name: "creationDatetime.from" becomes CreationDatetimeFrom.
func goName(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		word = strings.ToUpper(word[:1]) + word[1:]
		if known := initialisms[word]; known != "" {
			word = known
		}
		b.WriteString(word)
	}
	return b.String()
}

// words splits at signs and before a capital that follows a small letter.
func words(name string) []string {
	var list []string
	start := 0
	cut := func(end int) {
		if start < end {
			list = append(list, name[start:end])
		}
	}
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			cut(i)
			start = i + 1
		case unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(name[i-1])):
			cut(i)
			start = i
		}
	}
	cut(len(name))
	return list
}

// typeName gives the Go type of a model: "sms.SmsSendingReport" becomes smsSendingReport, "order.cart.Item"
// orderCartItem; the word Enum is dropped, and so is a repetition of the namespace.
func typeName(model string) string {
	model = strings.NewReplacer("<", ".", ">", "").Replace(model)
	var b strings.Builder
	last := ""
	for part := range strings.SplitSeq(model, ".") {
		part = goName(strings.TrimSuffix(part, "Enum"))
		if short, ok := strings.CutPrefix(part, last); ok && last != "" && short != "" && unicode.IsUpper(rune(short[0])) {
			part = short
		}
		b.WriteString(part)
		last = part
	}
	name := b.String()
	return lowerFirst(name)
}

// operationName gives the Go name of an operation: "POST /sms/{serviceName}/jobs" becomes postSmsServiceNameJobs.
func operationName(op *schema.Operation) string {
	return strings.ToLower(op.HTTPMethod) + goName(op.Path)
}

// lowerFirst makes the first word small, which is one or several capitals when it is an initialism.
func lowerFirst(name string) string {
	end := 1
	for _, full := range initialisms {
		if strings.HasPrefix(name, full) {
			end = len(full)
		}
	}
	return strings.ToLower(name[:end]) + name[end:]
}

// lower makes a description fit into a sentence.
func lower(text string) string {
	if len(text) > 1 && unicode.IsUpper(rune(text[1])) {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
