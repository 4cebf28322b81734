package viewer

import (
	"net/http"
	"strings"
)

// words are the texts of the pages in one language.
type words struct {
	Ribbon, Title, None, Choose, Number, Open, Empty, To, Text, Send, Flash, Parts, Back, You string
}

var texts = map[string]words{
	"en": {
		Ribbon: "Simulated operator: no message leaves this machine", Title: "Phones", None: "No message has arrived yet.",
		Choose: "Choose a phone, or open any number.", Number: "Number of a phone", Open: "Open", Empty: "Nothing has arrived on this phone yet.",
		To: "To", Text: "Message", Send: "Send", Flash: "flash", Parts: "parts", Back: "All phones", You: "to",
	},
	"fr": {
		Ribbon: "Opérateur simulé : aucun message ne quitte cette machine", Title: "Téléphones", None: "Aucun message n’est encore arrivé.",
		Choose: "Choisissez un téléphone, ou ouvrez n’importe quel numéro.", Number: "Numéro d’un téléphone", Open: "Ouvrir", Empty: "Rien n’est encore arrivé sur ce téléphone.",
		To: "À", Text: "Message", Send: "Envoyer", Flash: "flash", Parts: "parties", Back: "Tous les téléphones", You: "à",
	},
}

// language gives the one of ours that the browser names first.
func language(r *http.Request) string {
	for wanted := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(wanted)), "-")
		name, _, _ = strings.Cut(name, ";")
		if _, ok := texts[name]; ok {
			return name
		}
	}
	return "en"
}
