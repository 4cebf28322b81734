package clerk

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/phone"
	"ramier/internal/sms"
)

// page is how many tasks or questions are read at once.
const page = 100

// doTasks does the tasks whose turn it is, one after the other. One that was under way when a node ended begins anew.
func (k *Clerk) doTasks(ctx context.Context) error {
	if !k.OnDuty() {
		return nil
	}
	for function, do := range map[string]func(context.Context, sms.Task) error{
		sms.ImportPhonebook: k.importContacts, sms.ExportPhonebook: k.exportContacts,
	} {
		all, err := k.Store.OpenTasks(ctx, function, k.Clock.Now(), page)
		if err != nil {
			return err
		}
		for _, t := range all {
			if err := k.do(ctx, t, do); err != nil {
				return err
			}
		}
	}
	return nil
}

// A task that fails by our own fault is tried again after a pause, and given up after some time.
const (
	pause    = 5 * time.Second
	patience = 10 * time.Minute
)

// do does one task. An error is one of writing down what came of it.
func (k *Clerk) do(ctx context.Context, t sms.Task, f func(context.Context, sms.Task) error) error {
	t.Status = sms.TaskDoing
	if err := k.Store.UpdateTask(ctx, t); err != nil {
		return err
	}
	begun := t
	t.Status, t.Step, t.DoneAt = sms.TaskDone, sms.StepFinishing, k.Clock.Now()
	err := guarded(ctx, t, f)
	known, ok := errors.AsType[*sms.Error](err)
	switch {
	case err == nil || ctx.Err() != nil: // it begins anew with the next start
		return ctx.Err()
	case ok && known.Code != sms.Unavailable && known.Code != sms.Internal: // the customer has to put it right
		t.Status, t.Message = sms.TaskError, known.Message
		return k.Store.UpdateTask(ctx, t)
	}
	k.Log.Error("a task failed", "task", t.ID, "function", t.Function, "error", err)
	if now := k.Clock.Now(); now.Sub(t.CreatedAt) < patience {
		begun.DueAt = now.Add(pause)
		return k.Store.UpdateTask(ctx, begun)
	}
	t.Status, t.Message = sms.TaskError, "it failed again and again by no fault of yours: try it later"
	return k.Store.UpdateTask(ctx, t)
}

// guarded runs a task so that a file which nobody has thought of ends only the task.
func guarded(ctx context.Context, t sms.Task, f func(context.Context, sms.Task) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return f(ctx, t)
}

// importContacts adds the contacts of a document to a phonebook, all or none.
func (k *Clerk) importContacts(ctx context.Context, t sms.Task) error {
	s, err := k.Store.ServiceByID(ctx, t.ServiceID)
	if err != nil {
		return err
	}
	d, err := k.Store.Document(ctx, s.AccountID, t.Document)
	if err != nil {
		return err
	}
	lines, err := campaign.ReadTable(k.Store.Content(ctx, d), campaign.Options{
		Name: d.Name, Country: s.Country, Limits: campaign.Limits{Rows: sms.MaxContacts},
	})
	if err != nil {
		return err
	}
	all, err := readContacts(d.Name, lines, s.Country)
	if err != nil {
		return err
	}
	return k.Store.Import(ctx, t, all)
}

// A field is a column of a file of contacts.
type field struct {
	name  string
	keys  []string // as sms.ColumnKey has them
	most  int      // characters; 0 for a number
	place func(*sms.Contact) *string
}

// fields are in the order of files without header, and of exports.
var fields = []field{
	{"surname", []string{"nom", "lastname", "familyname"}, sms.MaxContactName, func(c *sms.Contact) *string { return &c.Surname }},
	{"name", []string{"prenom", "firstname"}, sms.MaxContactName, func(c *sms.Contact) *string { return &c.Name }},
	{"group", []string{"groupe"}, sms.MaxContactGroup, func(c *sms.Contact) *string { return &c.Group }},
	{"homePhone", []string{"telephone", "phone", "telephonedomicile"}, 0, func(c *sms.Contact) *string { return &c.HomePhone }},
	{"homeMobile", []string{"mobile", "portable", "number", "numero"}, 0, func(c *sms.Contact) *string { return &c.HomeMobile }},
	{"workPhone", []string{"telephonetravail", "telephoneprofessionnel"}, 0, func(c *sms.Contact) *string { return &c.WorkPhone }},
	{"workMobile", []string{"mobiletravail", "mobileprofessionnel"}, 0, func(c *sms.Contact) *string { return &c.WorkMobile }},
}

// columns finds the fields of a header, by column; nil if it is none. Columns of other names are passed over.
func columns(header []string) []*field {
	found := make([]*field, len(header))
	names := 0
	for i, cell := range header {
		key := sms.ColumnKey(cell)
		for j := range fields {
			f := &fields[j]
			if (key == sms.ColumnKey(f.name) || slices.Contains(f.keys, key)) && !slices.Contains(found, f) {
				found[i] = f
				names++
				break
			}
		}
	}
	if names == 0 {
		return nil
	}
	return found
}

// group is what OVH's control panel gives contacts without one.
const group = "No group"

func readContacts(file string, lines []campaign.Line, country string) ([]sms.Contact, error) {
	if len(lines) == 0 {
		return nil, sms.Errorf(sms.Invalid, "%s has no contacts", file)
	}
	byColumn := columns(lines[0].Cells)
	if byColumn != nil {
		lines = lines[1:]
	} else {
		for i := range fields {
			byColumn = append(byColumn, &fields[i])
		}
	}
	if len(lines) > sms.MaxContacts {
		return nil, sms.Errorf(sms.TooLarge, "%s has %d contacts, more than %d", file, len(lines), sms.MaxContacts)
	}
	all := make([]sms.Contact, len(lines))
	for i, line := range lines {
		if err := readContact(&all[i], line, byColumn, file, country); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readContact(c *sms.Contact, line campaign.Line, byColumn []*field, file, country string) error {
	for at, value := range line.Cells {
		if at >= len(byColumn) || byColumn[at] == nil || value == "" {
			continue
		}
		f := byColumn[at]
		if f.most > 0 {
			if n := len([]rune(value)); n > f.most {
				return sms.Errorf(sms.Invalid, "%s: %s has %d characters, more than %d, on line %d", file, f.name, n, f.most, line.Number)
			}
			*f.place(c) = value
			continue
		}
		if sms.NoNumber(value) {
			continue
		}
		n, err := phone.Parse(campaign.Repair(value), country)
		if err != nil {
			return sms.Errorf(sms.Invalid, "%s: %s: %v, on line %d", file, f.name, err, line.Number)
		}
		*f.place(c) = n.E164
	}
	if c.Group == "" {
		c.Group = group
	}
	return nil
}

// exportContacts writes the contacts of a phonebook into its document.
func (k *Clerk) exportContacts(ctx context.Context, t sms.Task) error {
	s, err := k.Store.ServiceByID(ctx, t.ServiceID)
	if err != nil {
		return err
	}
	d, err := k.Store.Document(ctx, s.AccountID, t.Document)
	if err != nil {
		return err
	}
	key, asSheet := strings.CutSuffix(t.Object, sms.SheetEnding)
	all, err := k.Store.Contacts(ctx, key)
	if err != nil {
		return err
	}
	rows := make([][]string, len(all)+1)
	for _, f := range fields {
		rows[0] = append(rows[0], f.name)
		for i := range all {
			rows[i+1] = append(rows[i+1], *f.place(&all[i]))
		}
	}
	var file bytes.Buffer
	if asSheet {
		err = campaign.WriteSheet(&file, rows)
	} else {
		w := csv.NewWriter(&file)
		w.Comma = ';'
		err = w.WriteAll(rows)
	}
	if err != nil {
		return err
	}
	if _, err := k.Store.SetContent(ctx, d, &file, k.Clock.Now()); err != nil {
		return err
	}
	return k.Store.UpdateTask(ctx, t)
}
