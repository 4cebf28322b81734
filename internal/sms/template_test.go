package sms_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ramier/internal/sms"
)

var contacts = []string{"Numéro", "nom", " Prénom ", "Code client", "adresse", ""}

func TestATemplateIsFilled(t *testing.T) {
	row := []string{"0612345678", "Durant", "Pierre", "A 12", "", "x"}
	for _, test := range []struct{ text, want, empty string }{
		{"Bonjour", "Bonjour", ""},
		{"", "", ""},
		// OVH's own example.
		{
			"Bonjour #prenom# #nom#, votre commande va être livrée à l’adresse : #adresse# . Cordialement.",
			"Bonjour Pierre Durant, votre commande va être livrée à l’adresse :  . Cordialement.", "adresse",
		},
		{"#PRENOM##Nom#", "PierreDurant", ""},
		{"#Pre\u0301nom# #code  client# #CODECLIENT#", "Pierre A 12 A 12", ""},
		{"{prenom} {Prénom|client} #prénom|client#", "Pierre Pierre Pierre", ""},
		{"#adresse|chez vous#", "chez vous", ""},
		{"{adresse|chez #nom#}", "chez #nom#", ""},
		{"#adresse|#", "", ""},
		{"#adresse# {adresse} #adresse|a|b#", "  a|b", "adresse"},
		{"#numero#", "0612345678", ""},
		{"{ville} {} {{nom}} {nom", "{ville} {} {Durant} {nom", ""},
		{`{"nom":"{nom}"}`, `{"nom":"Durant"}`, ""},
		{"#1 des ventes, #2 aussi", "#1 des ventes, #2 aussi", ""},
		{"lot #12# et ## # #", "lot #12# et ## # #", ""},
		{"#nom\n#prenom#", "#nom\nPierre", ""},
		{"dossier #A12#nom#", "dossier #A12Durant", ""},
		{"# nom #", "Durant", ""},
		{"#soldes", "#soldes", ""},
		{"é#nom#€", "éDurant€", ""},
	} {
		tmpl, err := sms.ParseTemplate(test.text, contacts)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		text, empty := tmpl.Render(row)
		if text != test.want || strings.Join(empty, " ") != test.empty {
			t.Errorf("%q became %q, empty %q", test.text, text, empty)
		}
	}
}

func TestAValueBringsNoPlace(t *testing.T) {
	tmpl, err := sms.ParseTemplate("#nom# {prenom} #adresse|#nom#", contacts)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := tmpl.Render([]string{"", "#prenom#", "{nom}#", "", "#nom|x#"})
	if want := "#prenom# {nom}# #nom|x#nom#"; text != want {
		t.Errorf("%q, not %q", text, want)
	}
	if text, empty := tmpl.Render(nil); text != "  nom#" || !slices.Equal(empty, []string{"nom", "Prénom"}) {
		t.Errorf("without values %q, empty %q", text, empty)
	}
}

func TestWrongNamesAreExplained(t *testing.T) {
	for _, test := range []struct {
		text, want string
		columns    []string
	}{
		{"#prenm#", `message names the column "prenm", which the list does not have: did you mean #Prénom#?`, contacts},
		{"#Nomm|x# #nom#", `did you mean #nom#?`, contacts},
		{"#ville#", `which the list does not have: write one of #Numéro#, #nom#, #Prénom#, #Code client#, #adresse#`, contacts},
		{"#nom# #pays de l'envoi#", `"pays de l'envoi"`, contacts},
		{"#prenom#", `the list has no names of columns: give it a first line with them`, nil},
		{"#prenom#", `the list has no names of columns`, []string{"", ""}},
		{"{nom}", `message names the column "nom", which the list has twice: rename one of them`, []string{"nom", "NOM "}},
	} {
		tmpl, err := sms.ParseTemplate(test.text, test.columns)
		if sms.CodeOf(err) != sms.Invalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, %v", test.text, tmpl, err)
		}
	}
	if _, err := sms.ParseTemplate("#prenom#", []string{"nom", "NOM", "prenom"}); err != nil {
		t.Errorf("a name that is there twice and not used: %v", err)
	}
}

func TestColumnKeys(t *testing.T) {
	for name, want := range map[string]string{
		"nom": "nom", " Prénom\u00a0": "prenom", "PRE\u0301NOM": "prenom", "Numéro de téléphone": "numerodetelephone",
		"\ufeffNuméro": "numero", "Ｎｏｍ": "nom", "": "", " ": "", "first_name": "first_name", "Łódź": "łodz", "n° 1": "n°1",
	} {
		if got := sms.ColumnKey(name); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

func TestAPlanMergesEachRow(t *testing.T) {
	o := order(func(o *sms.Order) {
		o.Text = "Bonjour #prenom# : #texte#"
		o.Receivers = []string{"0639980001", "0639980002", "pas un numéro", "0639980003", "0639980001", "0639980099"}
		o.Lines = []int{2, 3, 4, 6, 7, 8}
		o.Unreadable = []sms.Refusal{sms.Refusal{Receiver: "6,12E+08", Reason: sms.Damaged, Message: "rounded"}.On(5)}
		o.NoStop = false
		tmpl, err := sms.ParseTemplate(o.Text, []string{"prenom", "texte"})
		if err != nil {
			t.Fatal(err)
		}
		long := strings.Repeat("x", 160)
		o.Merge = &sms.Merge{Template: tmpl, Values: [][]string{{"Zoé", long}, {"", "œuf"}, {}, {"A", strings.Repeat(long, 255)}, {"twice", ""}, {"B", "b"}}}
	})
	p, err := sms.NewPlan(o, rules(), noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Messages) != 3 || p.Credits != 3000 {
		t.Fatalf("messages %+v, credits %v", p.Messages, p.Credits)
	}
	first, second, out := p.Messages[0], p.Messages[1], p.Messages[2]
	if !strings.HasPrefix(first.Text, "Bonjour Zoé : xxx") || !strings.HasSuffix(first.Text, "x\nSTOP:36111") || first.Parts != 2 || first.Line != 2 || first.Empty != nil {
		t.Errorf("first %+v", first)
	}
	if second.Text != "Bonjour  : œuf\nSTOP:36111" || second.Parts != 1 || second.Line != 3 || !slices.Equal(second.Empty, []string{"prenom"}) {
		t.Errorf("second %+v", second)
	}
	if !out.Refused || out.Text != "Bonjour B : b\nSTOP:36111" || out.Credits != 0 {
		t.Errorf("opted out %+v", out)
	}
	var invalid []string
	for _, r := range p.Invalid {
		invalid = append(invalid, string(r.Reason))
		if !strings.HasSuffix(r.Message, ", on line "+string(rune('0'+r.Line))) {
			t.Errorf("refusal %+v", r)
		}
	}
	if got := strings.Join(invalid, " "); got != "damaged not_a_number text" {
		t.Errorf("invalid: %s", got)
	}
}

func TestTextsThatTheirValuesSpoil(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"", "the text is empty with the values of its row"},
		{"a\x00b", "U+0000"},
		{"voir www.example.org", `cannot send contact information with shortcode, and a value holds "www.example.org"`},
	} {
		o := order(func(o *sms.Order) {
			tmpl, err := sms.ParseTemplate("#texte#", []string{"texte"})
			if err != nil {
				t.Fatal(err)
			}
			o.Text, o.Sender, o.ForResponse = "#texte#", "", true
			o.Receivers = append(o.Receivers, "+33639980002")
			o.Merge = &sms.Merge{Template: tmpl, Values: [][]string{{test.value}, {"good"}}}
		})
		p, err := sms.NewPlan(o, rules(), noon)
		if err != nil || len(p.Messages) != 1 || len(p.Invalid) != 1 || p.Invalid[0].Reason != sms.BadText || !strings.Contains(p.Invalid[0].Message, test.want) {
			t.Errorf("%q: %+v, %v", test.value, p, err)
		}
	}
}

// Whatever the text, the columns and the values: all literal text is there, values are there as they are, and what was put in is
// not read again.
func FuzzTemplate(f *testing.F) {
	for _, seed := range [][3]string{
		{"Bonjour #prenom# {nom}", "nom", "#prenom#"},
		{"#a|b#", "a", ""},
		{"##a##", "a", "{a}"},
		{"#é|#", "É", "x"},
		{"{a|{b}#c#", "b", "#a#"},
		{"#a\n#b#", "b", "\x00"},
		{"\xff#a#", "a", "\xff"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, text, column, value string) {
		columns := []string{column, "prenom"}
		tmpl, err := sms.ParseTemplate(text, columns)
		if err != nil {
			if sms.CodeOf(err) != sms.Invalid || len(err.Error()) > 1000+5*(len(text)+len(column)) || utf8.ValidString(text+column) && !utf8.ValidString(err.Error()) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		// A mark that no text holds shows where values go.
		const mark = "\x01\x02\x03"
		if strings.ContainsAny(text, mark) {
			return
		}
		marked, empty := tmpl.Render([]string{mark, mark})
		if len(empty) > 0 {
			t.Fatalf("%q: empty %q with all values", text, empty)
		}
		if tmpl.Merges() != strings.Contains(marked, mark) || !tmpl.Merges() && marked != text {
			t.Fatalf("%q merges %v, rendered %q", text, tmpl.Merges(), marked)
		}
		if strings.TrimSpace(value) == "" {
			return
		}
		got, _ := tmpl.Render([]string{value, value})
		if want := strings.ReplaceAll(marked, mark, value); got != want {
			t.Fatalf("%q with %q: %q, not %q", text, value, got, want)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	tmpl, err := sms.ParseTemplate("Bonjour #prenom# #nom#, votre commande va être livrée à l’adresse : #adresse# . Cordialement.", contacts)
	if err != nil {
		b.Fatal(err)
	}
	row := []string{"0612345678", "Durant", "Pierre", "A 12", "xx rue Montaigne Paris", "x"}
	b.ReportAllocs()
	for b.Loop() {
		tmpl.Render(row)
	}
}
