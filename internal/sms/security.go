package sms

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Addressee is whom mails about an account go to.
type Addressee struct {
	To      string // empty = nobody
	Account string
	French  bool   // else English
	Brand   string // who resells to the account, empty = nobody does
}

// AddresseeOf gives whom mails about an account go to: in the language that its owner has asked for, or else that of its country.
func AddresseeOf(a Account, p Profile, brand string) Addressee {
	to := Addressee{Account: a.Name, French: frenchSpeaking[a.Country], Brand: brand}
	if IsMailAddress(p.Email) {
		to.To = p.Email
	}
	if p.Language != "" {
		to.French = strings.HasPrefix(strings.ToLower(p.Language), "fr")
	}
	return to
}

// The kinds of what the owner of an account is told for his safety, beside those of changes of the ways in.
const (
	SafetySignIn = "signin" // detail: by what
	SafetyKey    = "key"    // detail: the application, and what the key allows
	SafetyClient = "client" // detail: the client of OAuth2
)

// A SafetyEvent is what the owner of an account is told of, so that he sees what somebody else does in his name.
type SafetyEvent struct {
	Kind    string
	Who     string // the name that was signed in with, if it is not the account's
	Detail  string
	Address string
	Agent   string // what the browser calls itself
	At      time.Time
}

// safetyWords are subject and text in French and English. %s is the name of the account.
var safetyWords = map[string][4]string{
	SafetySignIn: {
		"Nouvelle connexion à %s", "Une connexion au compte %s vient d'un navigateur ou d'un réseau inconnu jusqu'ici.",
		"New sign-in to %s", "Somebody has signed in to the account %s from a browser or network that was not known.",
	},
	SafetyKey: {
		"Nouvelle clé d'API pour %s", "Une clé d'API (consumer key) a été créée ou approuvée pour le compte %s.",
		"New API key for %s", "An API key (consumer key) was made or approved for the account %s.",
	},
	SafetyClient: {
		"Nouveau client OAuth2 pour %s", "Un client OAuth2 a été créé pour le compte %s.",
		"New OAuth2 client for %s", "An OAuth2 client was made for the account %s.",
	},
	"password": {
		"Mot de passe de %s modifié", "Le mot de passe du compte %s a été modifié.",
		"Password of %s changed", "The password of the account %s was changed.",
	},
	"password.reset": {
		"Mot de passe de %s réinitialisé", "Un opérateur a donné un nouveau mot de passe au compte %s.",
		"Password of %s reset", "An operator has given the account %s a new password.",
	},
	"": {
		"Connexion à %s modifiée", "Les moyens de connexion au compte %s ont été modifiés.",
		"Sign-in to %s changed", "The ways to sign in to the account %s were changed.",
	},
}

// safetyKinds are what happened to second factors and other ways in, in French and English.
var safetyKinds = map[string][2]string{
	"factors.reset":    {"seconds facteurs retirés par un opérateur", "second factors removed by an operator"},
	"code.on":          {"codes à usage unique activés", "one-time codes switched on"},
	"code.off":         {"codes à usage unique désactivés", "one-time codes switched off"},
	"recovery":         {"nouveaux codes de secours", "new recovery codes"},
	"passkey.added":    {"clé d'accès ajoutée", "passkey added"},
	"passkey.removed":  {"clé d'accès retirée", "passkey removed"},
	"passkey.cloned":   {"clé d'accès copiée : refusée", "copied passkey: refused"},
	"identity.added":   {"connexion d'entreprise ajoutée", "company sign-in added"},
	"identity.removed": {"connexion d'entreprise retirée", "company sign-in removed"},
}

// SafetyMail tells the owner of an account of an event.
func SafetyMail(to Addressee, e SafetyEvent) Mail {
	in := func(french, english string) string {
		if to.French {
			return french
		}
		return english
	}
	words, ok := safetyWords[e.Kind]
	if !ok {
		words = safetyWords[""]
	}
	var b strings.Builder
	fmt.Fprintf(&b, in(words[1], words[3])+"\n\n", to.Account)
	line := func(french, english, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s%s %s\n", in(french, english), in(" :", ":"), value)
		}
	}
	kind := safetyKinds[e.Kind]
	line("Quoi", "What", in(kind[0], kind[1]))
	line("Quand", "When", e.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	if e.Who != to.Account {
		line("Qui", "Who", e.Who)
	}
	line("Détail", "Detail", e.Detail)
	line("Adresse", "Address", e.Address)
	line("Navigateur", "Browser", e.Agent)
	b.WriteString("\n" + in(
		"Si ce n'était pas vous, connectez-vous, changez le mot de passe, fermez les autres sessions et révoquez les clés inconnues (pages /account/ et /account/security).",
		"If this was not you, sign in, change the password, sign out the other sessions and revoke keys that you do not know (pages /account/ and /account/security).") + "\n")
	b.WriteString("\n-- \n" + cmp.Or(to.Brand, "Ramier") + "\n")
	return Mail{
		Kind: MailSafety, To: to.To, CreatedAt: e.At, Text: b.String(),
		Subject: fmt.Sprintf(in(words[0], words[2]), to.Account),
	}.Fit()
}
