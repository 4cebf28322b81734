package sandbox_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

type contact struct {
	ID                                           int64 `json:"id,omitempty"`
	Name                                         string
	Surname                                      string
	Group                                        string
	HomeMobile, HomePhone, WorkMobile, WorkPhone *string
}

func text(p *string) string {
	if p == nil {
		return "-"
	}
	return *p
}

func (c contact) String() string {
	return strings.Join([]string{c.Surname, c.Name, c.Group, text(c.HomePhone), text(c.HomeMobile), text(c.WorkPhone), text(c.WorkMobile)}, "|")
}

func contactsOf(p *sandboxtest.Platform, book string) (all []string) {
	var ids []int64
	p.Get("/phonebooks/"+book+"/phonebookContact", &ids)
	for _, id := range ids {
		var c contact
		p.Get(fmt.Sprintf("/phonebooks/%s/phonebookContact/%d", book, id), &c)
		all = append(all, c.String())
	}
	return all
}

func TestPhonebooksHoldContacts(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var key string
		p.Post("/phonebooks", map[string]string{"name": "Clients"}, &key)
		var book struct{ BookKey, Name, PhoneKey string }
		if err := p.OVH.Put(p.Path("/phonebooks/"+key), map[string]string{"name": "Friends", "bookKey": "x"}, nil); err != nil {
			t.Fatal(err)
		}
		if p.Get("/phonebooks/"+key, &book); book.BookKey != key || book.Name != "Friends" || book.PhoneKey == "" {
			t.Errorf("%+v", book)
		}
		refused(t, p.OVH.Post(p.Path("/phonebooks"), map[string]string{"name": strings.Repeat("x", 51)}, nil), 400, "51 characters")
		path := "/phonebooks/" + key + "/phonebookContact"
		var id int64
		p.Post(path, map[string]any{"group": "No group", "name": "Anne", "surname": "Dupont", "homePhone": "0033", "homeMobile": "06 39 98 00 01", "workPhone": nil}, &id)
		refused(t, p.OVH.Post(p.Path(path), map[string]any{"group": "", "name": "x", "surname": "y", "homeMobile": "12"}, nil), 400, "homeMobile")
		one := fmt.Sprintf("%s/%d", path, id)
		if err := p.OVH.Put(p.Path(one), map[string]any{"workMobile": "+33639980002", "group": "VIP"}, nil); err != nil {
			t.Fatal(err)
		}
		if all := contactsOf(p, key); len(all) != 1 || all[0] != "Dupont|Anne|VIP|-|+33639980001|-|+33639980002" {
			t.Errorf("%v", all)
		}
		var keys []string
		p.Get("/phonebooks", &keys)
		other := "/sms/" + p.Info.OtherServiceName
		if len(keys) != 1 || keys[0] != key {
			t.Errorf("%v", keys)
		}
		refused(t, p.Other.Get(other+"/phonebooks/"+key, &book), 404, key)
		refused(t, p.Other.Get(other+one, &book), 404, key)
		refused(t, p.Other.Delete(other+one, nil), 404, key)
		refused(t, p.Other.Delete(other+"/phonebooks/"+key, nil), 404, key)
		refused(t, p.Other.Get(other+"/phonebooks/"+key+"/export?format=csv", &book), 404, key)
		p.Delete(one)
		refused(t, p.OVH.Delete(p.Path(one), nil), 404, fmt.Sprint(id))
		p.Post(path, map[string]any{"group": "", "name": "x", "surname": "y"}, &id)
		p.Delete("/phonebooks/" + key)
		refused(t, p.OVH.Get(p.Path("/phonebooks/"+key), &book), 404, key)
	})
}

type taskShown struct {
	TaskID                 int64
	Function, Status, Step string
	Message                *string
}

// finished waits for the end of a task.
func finished(t *testing.T, p *sandboxtest.Platform, id int64) (k taskShown) {
	t.Helper()
	p.Until("the end of the task", func() bool {
		k = taskShown{}
		p.Get(fmt.Sprintf("/task/%d", id), &k)
		return k.Status == "done" || k.Status == "error"
	})
	return k
}

func TestPhonebooksAreImportedAndExported(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var key string
		p.Post("/phonebooks", map[string]string{"name": "Clients"}, &key)
		book := "/phonebooks/" + key
		run := func(d document) taskShown {
			var k struct {
				TaskID         int64
				Action, Status string
				ServiceType    string
			}
			p.Post(book+"/import", map[string]string{"documentId": d.ID}, &k)
			if k.TaskID == 0 || k.Status != "todo" || k.ServiceType != "sms" {
				t.Errorf("%+v", k)
			}
			return finished(t, p, k.TaskID)
		}
		if k := run(makeDocument(t, p, "a.csv", "\xef\xbb\xbfPrénom , Nom,Mobile\r\nAnne,Dupont,0639980001\r\n\r\n\"Jean \"\"Jo\"\"\",Martin,33639980002\r\n")); k.Status != "done" || k.Function != "importPhonebook" || k.Message != nil {
			t.Errorf("%+v %v", k, text(k.Message))
		}
		if k := run(makeDocument(t, p, "b.csv", "Durand;Zo\xe9;Amis;0033;+33639980003;;\n")); k.Status != "done" { // no header, Windows-1252
			t.Errorf("%+v %v", k, text(k.Message))
		}
		k := run(makeDocument(t, p, "bad.csv", "surname;homeMobile\nA;+33639980004\nB;12\n"))
		if k.Status != "error" || !strings.Contains(text(k.Message), "homeMobile") || !strings.HasSuffix(text(k.Message), "on line 3") {
			t.Errorf("%+v %v", k, text(k.Message))
		}
		if k := run(makeDocument(t, p, "c.xlsx", spreadsheet(t))); k.Status != "done" {
			t.Errorf("%+v %v", k, text(k.Message))
		}
		want := []string{
			"Dupont|Anne|No group|-|+33639980001|-|-", "Martin|Jean \"Jo\"|No group|-|+33639980002|-|-", "Durand|Zoé|Amis|-|+33639980003|-|-",
			"Petit|Léa|VIP|-|+33639980005|-|-",
		}
		if all := contactsOf(p, key); strings.Join(all, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q", all)
		}
		var tasks, failed []int64
		p.Get("/task", &tasks)
		if p.Get("/task?status=error", &failed); len(tasks) != 4 || len(failed) != 1 || failed[0] != k.TaskID {
			t.Errorf("%v %v", tasks, failed)
		}
		refused(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+fmt.Sprintf("/task/%d", tasks[0]), &k), 404, "taskId")
		refused(t, p.OVH.Post(p.Path(book+"/import"), map[string]string{"documentId": "nothing"}, nil), 400, "documentId")

		export := func() (file struct {
			Filename, Status, URL string
			URLExpirationDatetime time.Time `json:"urlExpirationDatetime"`
		},
		) {
			p.Until("the export", func() bool {
				p.Get(book+"/export?format=csv", &file)
				return file.Status == "done"
			})
			return file
		}
		file := export()
		_, got, _ := transfer(t, "GET", file.URL, "")
		const exported = "surname;name;group;homePhone;homeMobile;workPhone;workMobile\n" +
			"Dupont;Anne;No group;;+33639980001;;\nMartin;\"Jean \"\"Jo\"\"\";No group;;+33639980002;;\n" +
			"Durand;Zoé;Amis;;+33639980003;;\nPetit;Léa;VIP;;+33639980005;;\n"
		if got != exported || file.Filename != "contacts-"+key+".csv" || !file.URLExpirationDatetime.After(p.Clock.Now()) {
			t.Errorf("%+v\n%s", file, got)
		}
		if again := export(); again.URL != file.URL {
			t.Error("nothing has changed, and it was exported again")
		}
		var ids []string
		if err := p.OVH.Get("/me/document", &ids); err != nil || len(ids) != 4 {
			t.Errorf("documents: %v, %v", ids, err)
		}
		content := exportedSheet(t, p, key)
		if again := export(); again.URL != file.URL {
			t.Error("the export as CSV was made again")
		}
		refused(t, p.OVH.Get(p.Path(book+"/export?format=pdf"), nil), 400, "format")
		refused(t, p.OVH.Post(p.Path(book+"/import"), object{"documentId": makeDocument(t, p, "old.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").ID}, nil), 400, "save it as .xlsx or as CSV")
		p.Post(book+"/phonebookContact", map[string]any{"group": "", "name": "x", "surname": "y"}, nil)
		if again := export(); again.URL == file.URL {
			t.Error("the export is older than the last change")
		}
		var second, third string
		p.Post("/phonebooks", map[string]string{"name": "Again"}, &second)
		book, key = "/phonebooks/"+second, second
		if k := run(makeDocument(t, p, "back.csv", exported)); k.Status != "done" {
			t.Errorf("%+v %v", k, text(k.Message))
		}
		if all := contactsOf(p, second); strings.Join(all, "\n") != strings.Join(want, "\n") {
			t.Errorf("out and in again: %q", all)
		}
		p.Post("/phonebooks", map[string]string{"name": "From the spreadsheet"}, &third)
		book = "/phonebooks/" + third
		if k := run(makeDocument(t, p, "back.xlsx", content)); k.Status != "done" {
			t.Errorf("%+v %v", k, text(k.Message))
		}
		if all := contactsOf(p, third); strings.Join(all, "\n") != strings.Join(want, "\n") {
			t.Errorf("out as a spreadsheet and in again: %q", all)
		}
	})
}

// exportedSheet exports a phonebook as a spreadsheet.
func exportedSheet(t *testing.T, p *sandboxtest.Platform, key string) string {
	t.Helper()
	var sheet struct{ Filename, Status, URL string }
	p.Until("the export as a spreadsheet", func() bool {
		p.Get("/phonebooks/"+key+"/export?format=xlsx", &sheet)
		return sheet.Status == "done"
	})
	_, content, h := transfer(t, "GET", sheet.URL, "")
	if sheet.Filename != "contacts-"+key+".xlsx" || !strings.Contains(h.Get("Content-Type"), "spreadsheetml") {
		t.Errorf("%+v %v", sheet, h)
	}
	return content
}

// spreadsheet makes an .xlsx file as Excel does: texts apart, a number rounded to nothing, a cell left out.
func spreadsheet(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"xl/workbook.xml", `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId7"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId7" Target="worksheets/sheet3.xml"/></Relationships>`},
		{"xl/sharedStrings.xml", `<sst><si><t>Nom</t></si><si><r><t>Pré</t></r><r><t>nom</t></r></si><si><t>Groupe</t></si><si><t>Mobile</t></si><si><t>Petit</t></si></sst>`},
		{"xl/worksheets/sheet3.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="E1" t="s"><v>3</v></c></row>` +
			`<row r="3"><c r="A3" t="s"><v>4</v></c><c r="B3" t="inlineStr"><is><t>Léa</t></is></c><c r="C3" t="str"><v>VIP</v></c><c r="E3"><v>3.3639980005E10</v></c></row></sheetData></worksheet>`},
	} {
		part, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
