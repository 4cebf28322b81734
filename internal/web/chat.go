package web

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// How much a chat page shows: conversations that the latest messages belong to, and messages of one each way.
const (
	chatIncoming = 1000
	chatLines    = 100
	maxAnswer    = 10_000 // characters; the plan has the real limit
)

// chatPage is a virtual number's conversations, or one of them.
type chatPage struct {
	Number string
	Path   string // of the page, with its key
	Chats  []store.Chat
	With   string // the handset of the conversation; empty on the list
	Lines  []store.Line
	Text   string // of an answer that was refused
	Once   string // names the answer, so that one that is sent twice counts once
}

// chat finds the virtual number whose page the address opens. One that is wrong in any way leads nowhere.
func (v *visit) chat() (page chatPage, number store.OwnedNumber, err error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return page, number, errNotFound
	}
	access, err := v.cfg.Store.ChatAccessByID(v.ctx, id)
	if err != nil {
		return page, number, err
	}
	if subtle.ConstantTimeCompare([]byte(access.Key), []byte(v.r.PathValue("key"))) != 1 {
		return page, number, errNotFound
	}
	number, err = v.cfg.Store.VirtualNumber(v.ctx, access.Number)
	return chatPage{Number: access.Number, Path: v.r.URL.Path}, number, err
}

func (v *visit) showChat() error {
	page, number, err := v.chat()
	if err != nil {
		return err
	}
	if with := v.r.URL.Query().Get("with"); with != "" {
		return v.showConversation(http.StatusOK, page, number, with)
	}
	if page.Chats, err = v.cfg.Store.Chats(v.ctx, number.ServiceID, number.Number, chatIncoming); err != nil {
		return err
	}
	return v.show(http.StatusOK, "chats.html", page.Number, page)
}

func (v *visit) showConversation(status int, page chatPage, number store.OwnedNumber, with string, more ...func(*view)) error {
	var err error
	page.With, page.Once = with, rand.Text()
	if page.Lines, err = v.conversation(number, with, chatLines); err != nil {
		return err
	}
	return v.show(status, "chat.html", with, page, more...)
}

// conversation gives the messages between a number and a handset that has written to it: only those are shown and answered.
func (v *visit) conversation(number store.OwnedNumber, with string, last int) ([]store.Line, error) {
	if !readable(with) {
		return nil, errNotFound
	}
	lines, err := v.cfg.Store.Conversation(v.ctx, number.ServiceID, number.Number, with, last)
	if err == nil && len(lines) == 0 {
		err = errNotFound
	}
	return lines, err
}

// readable tells that a database can hold a text.
func readable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// answerChat sends an answer as the service would by the API, at its price and under its guards.
func (v *visit) answerChat() error {
	page, number, err := v.chat()
	if err != nil {
		return err
	}
	given := v.r.PostForm
	with, text := given.Get("with"), strings.ReplaceAll(given.Get("text"), "\r\n", "\n")
	if _, err := v.conversation(number, with, 1); err != nil {
		return err
	}
	switch {
	case len([]rune(text)) > maxAnswer:
		return sms.Errorf(sms.TooLarge, "the answer is too long")
	case !readable(text):
		return sms.Errorf(sms.Invalid, "the answer holds characters that no message can have")
	}
	order := sms.Order{
		Text: text, Receivers: []string{with}, Sender: number.Number, Class: sms.PhoneDisplay, Priority: sms.High, Validity: sms.MaxValidity,
	}
	key := submit.Key{Hash: []byte(with + "\x00" + text)}
	if once := given.Get("once"); once != "" {
		key.Key = "chat " + v.r.PathValue("id") + " " + once
	}
	report, err := v.cfg.Submit.Submit(v.ctx, number.AccountID, number.Service, order, key)
	if err == nil && len(report.IDs) == 0 && len(report.Invalid) > 0 {
		err = sms.Errorf(sms.Invalid, "%s", report.Invalid[0].Message)
	}
	if code := sms.CodeOf(err); code == sms.Internal || code == sms.Unavailable {
		return err
	}
	if err != nil {
		page.Text = text
		return v.showConversation(http.StatusBadRequest, page, number, with, withError(v.say("chat.refused", err)))
	}
	return v.to(page.Path + "?" + url.Values{"with": {with}}.Encode())
}
