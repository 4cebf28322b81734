package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/sms"
)

// maxRuleLines is how many lines for rules the form shows.
const maxRuleLines = 100

var ruleMethods = []string{"GET", "POST", "PUT", "DELETE"}

// createForm is what the pages createApp and createToken are filled with.
type createForm struct {
	Name, Description, Validity, IPs string
	Rules                            []sms.AccessRule
	Methods                          []string
	Validities                       []validity
}

// newKeys are shown once.
type newKeys struct{ ApplicationKey, ApplicationSecret, ConsumerKey, Conf string }

func (v *visit) showCreateApp() error {
	q := v.r.URL.Query()
	return v.show(http.StatusOK, "createapp.html", v.say("app.title"), createForm{Name: q.Get("name"), Description: q.Get("description")})
}

func (v *visit) createApp() error {
	form := createForm{Name: v.r.PostForm.Get("name"), Description: v.r.PostForm.Get("description")}
	app, err := auth.CreateApplication(v.ctx, v.cfg.Store, v.cfg.Now(), v.session.Acting(), v.session.Person().ID, form.Name, form.Description)
	switch sms.CodeOf(err) {
	case "":
		return v.show(http.StatusOK, "created.html", v.say("app.done"), newKeys{ApplicationKey: app.Key, ApplicationSecret: app.Secret})
	case sms.Conflict:
		return v.show(http.StatusConflict, "createapp.html", v.say("app.title"), form, withError(v.say("app.taken")))
	case sms.Invalid:
		return v.show(http.StatusBadRequest, "createapp.html", v.say("app.title"), form, withError(v.say("app.invalid")))
	}
	return err
}

// prefilled reads the rules that the address of createToken names, in their order: ?GET=/sms/&POST=/sms/*/jobs.
func prefilled(query string) (rules []sms.AccessRule) {
	for pair := range strings.SplitSeq(query, "&") {
		method, path, _ := strings.Cut(pair, "=")
		path, err := url.QueryUnescape(path)
		if method = strings.ToUpper(method); err == nil && slices.Contains(ruleMethods, method) && path != "" && len(rules) < maxRuleLines {
			rules = append(rules, sms.AccessRule{Method: method, Path: path})
		}
	}
	return rules
}

func (v *visit) showCreateToken() error {
	q := v.r.URL.Query()
	form := createForm{Name: q.Get("name"), Description: q.Get("description"), Validity: "0", Rules: prefilled(v.r.URL.RawQuery)}
	return v.showTokenForm(http.StatusOK, form)
}

func (v *visit) showTokenForm(status int, form createForm, more ...func(*view)) error {
	form.Methods, form.Validities = ruleMethods, validities
	for range max(1, 4-len(form.Rules)) { // some empty lines
		if len(form.Rules) < maxRuleLines {
			form.Rules = append(form.Rules, sms.AccessRule{Method: "GET"})
		}
	}
	return v.show(status, "createtoken.html", v.say("token.title"), form, more...)
}

func (v *visit) createToken() error {
	given := v.r.PostForm
	form := createForm{Name: given.Get("name"), Description: given.Get("description"), Validity: given.Get("validity"), IPs: given.Get("ips")}
	for i, path := range given["path"] {
		if path = strings.TrimSpace(path); path != "" && i < len(given["method"]) && len(form.Rules) <= maxRuleLines {
			form.Rules = append(form.Rules, sms.AccessRule{Method: given["method"][i], Path: path})
		}
	}
	if given.Has("more") {
		for range 4 {
			form.Rules = append(form.Rules, sms.AccessRule{Method: "GET"})
		}
		return v.showTokenForm(http.StatusOK, form)
	}
	keys, err := v.makeToken(form)
	switch sms.CodeOf(err) {
	case "":
		return v.show(http.StatusOK, "created.html", v.say("token.done"), keys)
	case sms.Conflict:
		return v.showTokenForm(http.StatusConflict, form, withError(v.say("app.taken")))
	case sms.Invalid:
		return v.showTokenForm(http.StatusBadRequest, form, withError(err.Error()))
	}
	return err
}

func (v *visit) makeToken(form createForm) (newKeys, error) {
	if err := auth.CheckRules(form.Rules); err != nil { // without any it would be all
		return newKeys{}, err
	}
	lot, err := validityOf(form.Validity)
	if err != nil {
		return newKeys{}, err
	}
	var blocks []netip.Prefix
	for text := range strings.FieldsSeq(strings.ReplaceAll(form.IPs, ",", " ")) {
		block, err := readBlock(text)
		if err != nil {
			return newKeys{}, err
		}
		blocks = append(blocks, block)
	}
	name := strings.TrimSpace(form.Name)
	if err := auth.CheckNewName(v.ctx, v.cfg.Store, v.session.Acting(), name); err != nil {
		return newKeys{}, err
	}
	t, err := auth.CreateTokenFor(v.ctx, v.cfg.Store, v.cfg.Now(), v.session.Acting(), v.session.Person(), form.Rules, name, strings.TrimSpace(form.Description), lot, blocks)
	return newKeys{t.ApplicationKey, t.ApplicationSecret, t.ConsumerKey, string(t.Conf(v.endpoint()))}, err
}

// readBlock reads an address or a block of them.
func readBlock(text string) (netip.Prefix, error) {
	block, err := sms.ParseBlock(text)
	if err != nil {
		return block, sms.Errorf(sms.Invalid, "%s is no address or block of addresses: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32", strconv.Quote(text))
	}
	return block, nil
}

// endpoint is the address of the API by which clients come.
func (v *visit) endpoint() string {
	scheme := "http"
	if v.secure() {
		scheme = "https"
	}
	own := scheme + "://" + v.r.Host
	if !slices.Contains(v.cfg.PublicURLs, own) && len(v.cfg.PublicURLs) > 0 {
		own = v.cfg.PublicURLs[0]
	}
	return own + "/1.0"
}
