package ovh

import (
	"context"
	"errors"
	"io"
	"time"

	"ramier/internal/campaign"
	"ramier/internal/sms"
)

func (a *API) listTasks(ctx context.Context, c *Call, in getSmsServiceNameTaskIn) ([]int64, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return nil, err
	}
	return a.store.Tasks(ctx, s.ID, string(deref(in.Status)))
}

func (a *API) getTask(ctx context.Context, c *Call, in getSmsServiceNameTaskTaskIDIn) (smsTask, error) {
	s, err := a.service(ctx, c, in.ServiceName)
	if err != nil {
		return smsTask{}, err
	}
	k, err := a.store.Task(ctx, s.ID, in.TaskID)
	return smsTask{
		Function: smsTodoGeneralPublicFunctions(k.Function), Status: telephonyTaskStatus(k.Status), Step: smsTodoGeneralPublicSteps(k.Step), TaskID: k.ID,
		Message: orNull(k.Message),
	}, err
}

// maxImport is how many bytes a file of contacts may have.
const maxImport = 10 << 20

// importContacts has the contacts of a document added to a phonebook in the background.
func (a *API) importContacts(ctx context.Context, c *Call, in postSmsServiceNamePhonebooksBookKeyImportIn) (telephonyTask, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return telephonyTask{}, err
	}
	d, err := a.filledDocument(ctx, c, in.DocumentID)
	switch {
	case err != nil:
		return telephonyTask{}, err
	case d.Size > maxImport:
		return telephonyTask{}, sms.Errorf(sms.TooLarge, "documentId = %q has %d bytes, more than the %d that an import may have: cut the file into several", in.DocumentID, d.Size, maxImport)
	}
	if err := a.refuseOldSheet(ctx, d); err != nil {
		return telephonyTask{}, err
	}
	k := sms.Task{
		ServiceID: s.ID, Function: sms.ImportPhonebook, Object: b.Key, Document: d.ID, Rev: b.Rev, DueAt: a.now(), CreatedAt: a.now(),
	}
	if err := a.store.AddTask(ctx, &k); err != nil {
		return telephonyTask{}, err
	}
	a.nudge()
	return telephonyTask{
		Action: k.Function, ObjectCreated: nil, ServiceType: "sms", Status: telephonyTaskStatus(k.Status), TaskID: k.ID,
	}, nil
}

// refuseOldSheet refuses at once what OVH takes and this platform cannot read.
func (a *API) refuseOldSheet(ctx context.Context, d sms.Document) error {
	begin := make([]byte, len(campaign.OldSheet))
	if _, err := io.ReadFull(a.store.Content(ctx, d), begin); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(begin) == campaign.OldSheet {
		return sms.Errorf(sms.Invalid, "documentId: %s is a spreadsheet of old Excel (.xls), which cannot be read: open it and save it as .xlsx or as CSV", d.Name)
	}
	return nil
}

// exportTime is how long the address of an export works.
const exportTime = time.Hour

// exportContacts begins an export, or tells how far the last one is if nothing has changed since.
func (a *API) exportContacts(ctx context.Context, c *Call, in getSmsServiceNamePhonebooksBookKeyExportIn) (telephonyPcsFile, error) {
	s, b, err := a.phonebook(ctx, c, in.ServiceName, in.BookKey)
	if err != nil {
		return telephonyPcsFile{}, err
	}
	k, ok, err := a.store.LatestTask(ctx, s.ID, exportObject(b, in.Format), sms.ExportPhonebook)
	if err != nil {
		return telephonyPcsFile{}, err
	}
	now := a.now()
	if !ok || k.Rev != b.Rev || k.Status == sms.TaskError || !now.Before(k.CreatedAt.Add(exportTime)) {
		if k, err = a.beginExport(ctx, c, s, b, in.Format); err != nil {
			return telephonyPcsFile{}, err
		}
	}
	d, err := a.store.Document(ctx, s.AccountID, k.Document)
	if err != nil {
		return telephonyPcsFile{}, err
	}
	out := telephonyPcsFile{Filename: d.Name, Status: telephonyPcsFileStatus(k.Status), URLExpirationDatetime: datetime{d.ExpiresAt}}
	if k.Status == sms.TaskDone {
		out.URL = a.address(c, d, toRead)
	}
	return out, nil
}

// exportObject names what an export works on: a phonebook in a format.
func exportObject(b sms.Phonebook, format telephonyContactsExportFormats) string {
	if format == telephonyContactsExportFormatsXlsx {
		return b.Key + sms.SheetEnding
	}
	return b.Key
}

func (a *API) beginExport(ctx context.Context, c *Call, s sms.Service, b sms.Phonebook, format telephonyContactsExportFormats) (sms.Task, error) {
	d, err := a.newDocument(c, sms.DocumentOfExport, "contacts-"+b.Key+"."+string(format))
	if err != nil {
		return sms.Task{}, err
	}
	d.ServiceID, d.ExpiresAt = s.ID, d.CreatedAt.Add(exportTime)
	if err := a.store.AddDocument(ctx, d); err != nil {
		return sms.Task{}, err
	}
	k := sms.Task{
		ServiceID: s.ID, Function: sms.ExportPhonebook, Object: exportObject(b, format), Document: d.ID, Rev: b.Rev, DueAt: d.CreatedAt, CreatedAt: d.CreatedAt,
	}
	err = a.store.AddTask(ctx, &k)
	a.nudge()
	return k, err
}
