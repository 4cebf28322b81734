package legacy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"ramier/internal/sms"
)

// crlf writes line ends as mails have them.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestTheTextOfAMail(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString
	for name, c := range map[string]struct{ mail, want string }{
		"no MIME at all":           {"Subject: x\n\nBonjour\n", "Bonjour"},
		"lines":                    {"Subject: x\n\nun\ndeux  \ntrois\n", "un\ndeux\ntrois"},
		"until an empty line":      {"Subject: x\n\n\n  \nun\n\ndeux\n", "un"},
		"until the mark":           {"Subject: x\n\nun\ndeux --end trois\nquatre", "un\ndeux"},
		"until the signature":      {"Subject: x\n\nun\n--\ndeux\n-- \nBob", "un\n--\ndeux"},
		"an encoded signature":     {"Content-Transfer-Encoding: quoted-printable\n\nun\n--=20\nBob", "un"},
		"flowed, and signed":       {"Content-Type: text/plain; format=flowed\n\nun \ndeux\n-- \nBob", "un deux"},
		"quoted-printable":         {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=89t=C3=A9 =\nlong=3D", "Été long="},
		"base64":                   {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64([]byte("Été à Paris")) + "\n", "Été à Paris"},
		"Latin 1":                  {"Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: 8bit\n\n\xe9t\xe9\n", "été"},
		"Latin 9":                  {"Content-Type: text/plain; charset=iso-8859-15\n\n5 \xa4\n", "5 €"},
		"Windows":                  {"Content-Type: text/plain; charset=windows-1252\n\n\x93\x80\x94\n", "“€”"},
		"UTF-16":                   {"Content-Type: text/plain; charset=utf-16be\nContent-Transfer-Encoding: base64\n\n" + b64([]byte("\x00\xe9\x00t")) + "\n", "ét"},
		"a charset nobody knows":   {"Content-Type: text/plain; charset=x-mine\n\n\xe9t\xe9\n", "été"},
		"8 bits said to be UTF-8":  {"Content-Type: text/plain; charset=utf-8\n\n\xe9t\xe9\n", "été"},
		"8 bits and no charset":    {"Subject: x\n\n\xe9t\xe9\n", "été"},
		"flowed":                   {"Content-Type: text/plain; format=flowed\n\nOne line \nthat was \nbroken.\nAnother\n", "One line that was broken.\nAnother"},
		"flowed, blanks dropped":   {"Content-Type: text/plain; format=flowed; delsp=yes\n\nOne li \nne\n", "One line"},
		"control characters":       {"Subject: x\n\na\x00b\x07\tc\n", "ab c"},
		"plain before HTML":        {mixed("alternative", "text/plain\n\nplain", "text/html\n\n<b>html</b>"), "plain"},
		"HTML before plain":        {mixed("alternative", "text/html\n\n<b>html</b>", "text/plain\n\nplain"), "plain"},
		"HTML only":                {"Content-Type: text/html; charset=utf-8\n\n<html><head><title>T</title><style>p{}</style></head><body><p>Bonjour&nbsp;&eacute;t&eacute;<br>deux &lt; trois</p>\n<p>quatre</p><p>&nbsp;</p><p>cinq</p>", "Bonjour été\ndeux < trois\nquatre"},
		"HTML of Outlook":          {"Content-Type: text/html\n\n<!-- x --><div class=WordSection1><p class=MsoNormal>Un\n deux<o:p></o:p></p><p class=MsoNormal>trois<o:p>&nbsp;</o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p>Signature</p></div>", "Un deux\ntrois"},
		"no tag":                   {"Content-Type: text/html\n\n3 < 4 & 5 <6", "3 < 4 & 5 <6"},
		"a part that is attached":  {mixed("mixed", "text/plain\n\nthis", "text/plain\nContent-Disposition: attachment; filename=other.txt\n\nnot this"), "this"},
		"attached before the text": {mixed("mixed", "text/plain\nContent-Disposition: attachment; filename=other.txt\n\nnot this", "text/plain\n\nthis"), "this"},
		"no last boundary":         {strings.Replace(mixed("mixed", "text/plain\n\nthis"), "--b--", "", 1), "this"},
		"parts within parts":       {"Content-Type: multipart/mixed; boundary=o\n\n--o\n" + mixed("alternative", "text/plain\n\ninner", "text/html\n\nx") + "\n--o--\n", "inner"},
		"nothing":                  {"Subject: x\n\n\n", ""},
		"a picture":                {"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n", ""},
	} {
		l, err := readLetter(strings.NewReader(crlf(c.mail)))
		if err != nil || l.text != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, textOf(l), err, c.want)
		}
	}
}

func textOf(l *letter) string {
	if l == nil {
		return "(none)"
	}
	return l.text
}

// mixed makes a mail of parts; each begins with its type.
func mixed(kind string, parts ...string) string {
	var b strings.Builder
	b.WriteString("Subject: x\nContent-Type: multipart/" + kind + "; boundary=b\n\npreamble\n")
	for _, p := range parts {
		b.WriteString("--b\nContent-Type: " + p + "\n")
	}
	return strings.Replace(b.String()+"--b--\n", "Subject: x\n", "", 1)
}

func TestTheAttachedReceivers(t *testing.T) {
	for name, want := range map[string]bool{
		"contact": true, "contact.txt": true, "Contact.TXT": true, "contacts.csv": true, `C:\x\contact.txt`: true, "contact.exe": false, "my contact.txt": false, "": false,
	} {
		if isContacts(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	l, err := readLetter(strings.NewReader(crlf(mixed("mixed", "text/plain\n\nHello", "text/plain; name=\"contact.txt\"\nContent-Disposition: attachment\n\n+33612345678\n+33612345679\n"))))
	if err != nil || strings.TrimSpace(string(l.contacts)) != "+33612345678\r\n+33612345679" || l.text != "Hello" {
		t.Errorf("%q %q %v", l.contacts, l.text, err)
	}
	// =?...?= in the name, and bytes of Windows.
	l, err = readLetter(strings.NewReader(crlf(mixed("mixed", "text/plain\n\nHello", "application/octet-stream\nContent-Disposition: attachment; filename*=UTF-8''contact.csv\nContent-Transfer-Encoding: base64\n\nbnVtYmVyO3By6W5vbQ==\n"))))
	if err != nil || string(l.contacts) != "number;pr\xe9nom" {
		t.Errorf("%v %v", l, err)
	}
}

func TestTheFieldsOfASubject(t *testing.T) {
	for subject, want := range map[string]fields{
		"sms-a-1:bob:pass:Shop:0033600000001": {"account": "sms-a-1", "login": "bob", "password": "pass", "from": "Shop", "to": "0033600000001"},
		"sms-a-1;bob;pa:ss;Shop;+33600000001,+33600000002;093025122030;0;2;1": {
			"account": "sms-a-1", "login": "bob", "password": "pa:ss", "from": "Shop", "to": "+33600000001,+33600000002", "deferred": "093025122030",
			"class": "0", "smscoding": "2", "nostop": "1",
		},
		"sms-a-1:bob:pass:senderForResponse=1:0600000001:::1:NoStop=1": {
			"account": "sms-a-1", "login": "bob", "password": "pass", "senderforresponse": "1", "to": "0600000001", "deferred": "", "class": "", "smscoding": "1", "nostop": "1",
		},
		"Account=sms-a-1; Login=bob; Password=p;q=r; To=+33600000001,+33600000002; From=Shop; NoStop=1": {
			"account": "sms-a-1", "login": "bob", "password": "p;q=r", "from": "Shop", "to": "+33600000001,+33600000002", "nostop": "1",
		},
		"To=1:FROM=senderForResponse=1:account=a:login=b:password=c;": {"account": "a", "login": "b", "password": "c", "from": "", "senderforresponse": "1", "to": "1"},
		"sms-a-1:bob:to=x": {"account": "sms-a-1", "login": "bob", "password": "to=x"},
		"":                 {"account": ""},
	} {
		if got := readSubject(subject); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\ngot  %v\nwant %v", subject, got, want)
		}
	}
}

// Whatever a user chose as his password, a subject with names or with the other separator can carry it.
func TestASubjectCarriesAnyFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		between := rapid.SampledFrom([]string{":", ";"}).Draw(t, "between")
		value := rapid.StringMatching(`[A-Za-z0-9_+.,-]{1,12}`)
		values := rapid.SliceOfN(value, 3, len(places)).Draw(t, "values")
		got := readSubject(strings.Join(values, between))
		var named []string
		for i, v := range values {
			if got[places[i]] != v {
				t.Fatalf("%s: %v", places[i], got)
			}
			named = append(named, strings.ToUpper(places[i])+"="+v)
		}
		named = rapid.Permutation(named).Draw(t, "order")
		got = readSubject(strings.Join(named, between+" "))
		for i, v := range values {
			if got[places[i]] != v {
				t.Fatalf("named: %s: %v", places[i], got)
			}
		}
	})
}

func TestMailsThatCannotBeRead(t *testing.T) {
	deep := "Content-Type: text/plain\n\nx"
	for i := range 50 {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--\n", i, i, deep, i)
	}
	for name, c := range map[string]struct {
		mail string
		code sms.Code
	}{
		"header bomb":        {"Subject: x\n" + strings.Repeat("X-A: b\n", 20_000) + "\nx", sms.Invalid},
		"no header":          {"just text\n", sms.Invalid},
		"deep":               {deep, sms.TooLarge},
		"many parts":         {mixed("mixed", slices.Repeat([]string{"text/plain\n\nx"}, 200)...), sms.TooLarge},
		"long text":          {"Subject: x\n\n" + strings.Repeat("0123456789\n", 10_000), sms.TooLarge},
		"gigantic base64":    {"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("QUFB", 100_000), sms.TooLarge},
		"bad base64":         {"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!!\n", sms.Invalid},
		"long list":          {mixed("mixed", "text/plain; name=contact.txt\n\n"+strings.Repeat("+33612345678\n", 100_000)), sms.TooLarge},
		"unknown encoding":   {"Content-Transfer-Encoding: uuencode\n\nx\n", sms.Invalid},
		"two subjects":       {"Subject: a\nSubject: b\n\nx\n", sms.Invalid},
		"two senders":        {"From: a@b.example\nFrom: c@d.example\n\nx\n", sms.Invalid},
		"a subject too long": {"Subject: " + strings.Repeat("x", 20_000) + "\n\nx\n", sms.TooLarge},
	} {
		if _, err := readLetter(strings.NewReader(crlf(c.mail))); sms.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An error of the connection is not one of the mail.
	gone := errors.New("gone")
	if _, err := readLetter(io.MultiReader(strings.NewReader("Subject: x\r\n\r\nhalf"), broken{gone})); !errors.Is(err, gone) {
		t.Error(err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// FuzzLetter reads any mail: it must not fail, keep within its limits, and give text that can be sent.
func FuzzLetter(f *testing.F) {
	for _, s := range []string{
		"Subject: =?utf-8?q?sms-a-1:b:c:D:+33612345678?=\n\nBonjour\n", mixed("alternative", "text/plain\n\na", "text/html\n\n<p>b&nbsp;"),
		mixed("mixed", "text/plain; charset=utf-16\n\na", "text/plain; name=contact\n\n+33612345678\n"), "Content-Transfer-Encoding: base64\n\nQUJD",
		"Content-Type: text/html\n\n<a<b></style><style>x", "Content-Type: text/plain; format=flowed; delsp=yes\n\na \n b \n-- \nc", "\n\n", "a", ":", "Content-Type: multipart/mixed\n\n--\n",
	} {
		f.Add([]byte(s))
		f.Add([]byte(crlf(s)))
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, mail []byte) {
		l, err := readLetter(strings.NewReader(string(mail)))
		if err != nil {
			if code := sms.CodeOf(err); code != sms.Invalid && code != sms.TooLarge {
				t.Error(err)
			}
			if line := replyLine(err.Error()); len(line) > maxReply || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q", line)
			}
			return
		}
		if !utf8.ValidString(l.text) || strings.ContainsAny(l.text, "\r\x00") || strings.Contains(l.text, "\n\n") || len(l.text) > 3*maxLetterText || strings.TrimSpace(l.text) != l.text && strings.HasPrefix(l.text, "\n") {
			t.Errorf("text %q", l.text)
		}
		if !utf8.ValidString(l.subject) || strings.ContainsAny(l.subject, "\r\n\x00") || len(l.contacts) > maxContactBytes {
			t.Errorf("subject %q", l.subject)
		}
		f := readSubject(l.subject)
		f["message"] = l.text
		q, err := f.credentials()
		if err == nil {
			err = q.read(f, now, time.UTC)
		}
		if err == nil && (q.order.Text == "" || len(q.order.Receivers) == 0) {
			t.Errorf("%+v", q.order)
		}
		automaticSign(&l.header)
	})
}
