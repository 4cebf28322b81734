package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ramier/internal/auth"
	"ramier/internal/calendar"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// Keys sign requests.
type Keys struct {
	ApplicationKey    string `json:"applicationKey"`
	ApplicationSecret string `json:"applicationSecret"`
	ConsumerKey       string `json:"consumerKey"`
}

// content is what the sandbox's folder remembers of its inhabitants.
type content struct {
	Keys
	ServiceName       string `json:"serviceName"`
	SecondServiceName string `json:"secondServiceName"`
	OtherServiceName  string `json:"otherServiceName"`
	Sender            string `json:"sender"`
	// SMSLogin and SMSPassword are those of the first service's user, for http2sms.
	SMSLogin    string `json:"smsLogin"`
	SMSPassword string `json:"smsPassword"`
	// SMPPSystemID and SMPPPassword are those of the first service's SMPP account.
	SMPPSystemID string `json:"smppSystemID"`
	SMPPPassword string `json:"smppPassword"`
	Operator     Keys   `json:"operator"`
	Other        Keys   `json:"other"`
	// Passwords of the accounts, by name, for the web pages.
	Passwords map[string]string `json:"passwords"`
}

// The accounts of a sandbox.
const (
	customerAccount = "rm12345-ovh"
	otherAccount    = "rm67890-ovh"
	operatorAccount = "operator-ovh"
)

const (
	sender       = "Ramier"
	carrierName  = "simulator"
	firstShort   = 38001
	shortNumbers = 20
	startCredits = 100_000 * sms.Credit
	rounds       = 1000 // of passwords: a start should not take long
	// paymentSecret signs notices of payments, which are worth nothing here.
	paymentSecret = "the-sandbox-signs-payments-with-this"
)

// prepare fills a new store with two customers, an operator and the simulated carrier, and leads the carrier of an old one to
// where the simulator listens now.
func (s *Sandbox) prepare(ctx context.Context, db *store.Store) error {
	file := filepath.Join(s.dir, "sandbox.json")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		s.sendingHours = cmp.Or(s.sendingHours, calendar.Never)
		if err := s.seed(ctx, db); err != nil {
			return err
		}
		return s.remember(ctx, db, file)
	}
	if err == nil {
		err = json.Unmarshal(text, &s.content)
	}
	if err == nil {
		err = db.ChangeCarrier(ctx, carrierName, func(c *sms.Carrier) error {
			c.Settings.Host, c.Settings.Port = s.smscHost, s.smscPort
			return nil
		})
	}
	if err == nil {
		err = s.setSendingHours(ctx, db)
	}
	if err == nil {
		err = s.remember(ctx, db, file) // a folder of an earlier version has fewer inhabitants
	}
	return err
}

// remember adds the inhabitants of the other doors where they are missing, and writes down all of them.
func (s *Sandbox) remember(ctx context.Context, db *store.Store, file string) error {
	if err := s.seedDoors(ctx, db); err != nil {
		return err
	}
	if len(s.Passwords) == 0 {
		if err := s.givePasswords(ctx, db); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(s.content, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// seedDoors lets the first customer in by the other doors.
func (s *Sandbox) seedDoors(ctx context.Context, db *store.Store) error {
	v, err := db.Service(ctx, s.ServiceName)
	if err == nil && s.SMSLogin == "" {
		err = s.seedUser(ctx, db, v)
	}
	if err != nil || s.SMPPSystemID != "" {
		return err
	}
	password := strings.ToLower(rand.Text()[:8])
	settings := store.DefaultSMPPSettings()
	settings.AllowedIPs = []string{"127.0.0.0/8", "::1"}
	if err := db.AddSMPPAccount(ctx, store.SMPPAccount{
		ServiceID: v.ID, SystemID: "sandbox", PasswordHash: auth.HashRounds(password, rounds), Settings: settings, CreatedAt: s.clock.Now(),
	}); err != nil {
		return err
	}
	s.SMPPSystemID, s.SMPPPassword = "sandbox", password
	return nil
}

// seedUser adds a user that sends over http2sms.
func (s *Sandbox) seedUser(ctx context.Context, db *store.Store, v sms.Service) error {
	password := rand.Text()[:12]
	if err := db.AddUser(ctx, &sms.User{
		ServiceID: v.ID, Login: "user", PasswordHash: auth.HashRounds(password, rounds), CreatedAt: s.clock.Now(),
	}); err != nil {
		return err
	}
	s.SMSLogin, s.SMSPassword = "user", password
	return nil
}

// givePasswords lets the owners of all accounts sign in on the web pages.
func (s *Sandbox) givePasswords(ctx context.Context, db *store.Store) error {
	signIns := auth.NewSignIns(db, s.clock.Now)
	s.Passwords = map[string]string{}
	for _, name := range []string{customerAccount, otherAccount, operatorAccount} {
		account, err := db.Account(ctx, name)
		if err != nil {
			return err
		}
		if s.Passwords[name], err = signIns.ResetPassword(ctx, account, "", true); err != nil {
			return err
		}
	}
	return nil
}

// setSendingHours gives all services the hours that were asked for, and else learns those of the first.
func (s *Sandbox) setSendingHours(ctx context.Context, db *store.Store) error {
	if s.sendingHours == "" {
		v, err := db.Service(ctx, s.ServiceName)
		s.sendingHours = v.SendingHours()
		return err
	}
	for _, name := range []string{s.ServiceName, s.SecondServiceName, s.OtherServiceName} {
		if err := db.ChangeService(ctx, name, func(v *sms.Service) error {
			v.Settings.SendingHours = s.sendingHours
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sandbox) seed(ctx context.Context, db *store.Store) error {
	if err := s.seedCarrier(ctx, db); err != nil {
		return err
	}
	c := &s.content
	c.Sender = sender
	var err error
	if c.Keys, err = s.customer(ctx, db, customerAccount, &c.ServiceName, &c.SecondServiceName); err != nil {
		return err
	}
	if c.Other, err = s.customer(ctx, db, otherAccount, &c.OtherServiceName); err != nil {
		return err
	}
	operator := sms.Account{Name: operatorAccount, Country: "FR", Description: "Operator of the sandbox", Operator: true, CreatedAt: s.clock.Now()}
	if err := db.AddAccount(ctx, &operator); err != nil {
		return err
	}
	if c.Operator, err = s.token(ctx, db, operator); err != nil {
		return err
	}
	return s.givePasswords(ctx, db)
}

// seedCarrier adds the simulated operator, with prices and short numbers.
func (s *Sandbox) seedCarrier(ctx context.Context, db *store.Store) error {
	c := sms.Carrier{Name: carrierName, Kind: "smpp", Enabled: true, Settings: sms.DefaultCarrierSettings(), Password: s.smscPassword}
	c.Settings.Host, c.Settings.Port, c.Settings.SystemID = s.smscHost, s.smscPort, systemID
	c.Settings.Window, c.Settings.InDoubt, c.Settings.Lookups = 256, "resend", true
	if err := db.AddCarrier(ctx, &c, s.clock.Now()); err != nil {
		return err
	}
	if err := db.AddRoute(ctx, &sms.Route{Position: 100, CarrierID: c.ID, Description: "everything to the simulator", Enabled: true}); err != nil {
		return err
	}
	for country, credits := range sms.DefaultRates() {
		if err := db.SetRate(ctx, country, credits); err != nil {
			return err
		}
	}
	for n := range shortNumbers {
		number := sms.ShortNumber{Number: strconv.Itoa(firstShort + n), Country: "FR", CarrierID: c.ID}
		if err := db.AddShortNumber(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// customer adds an account with services, each with credits and a sender, and gives its keys.
func (s *Sandbox) customer(ctx context.Context, db *store.Store, name string, services ...*string) (Keys, error) {
	now := s.clock.Now()
	a := sms.Account{Name: name, Country: "FR", Description: "Customer of the sandbox", CreatedAt: now}
	if err := db.AddAccount(ctx, &a); err != nil {
		return Keys{}, err
	}
	for _, to := range services {
		v := sms.Service{AccountID: a.ID, Account: a.Name, Country: a.Country, Channel: "transactional", Status: sms.Enabled, CreatedAt: now}
		v.Settings.SendingHours = s.sendingHours
		v.Settings.Guards.Countries = []string{sms.AllCountries} // as with OVH; nothing costs anything here
		if err := db.AddService(ctx, &v); err != nil {
			return Keys{}, err
		}
		if _, err := db.Grant(ctx, v.ID, startCredits, "sandbox", now); err != nil {
			return Keys{}, err
		}
		if err := db.AddSender(ctx, sms.Sender{
			ServiceID: v.ID, Sender: sender, Type: "alpha", Status: sms.Enabled, Referer: "custom", Reason: "sandbox", CreatedAt: now,
		}); err != nil {
			return Keys{}, err
		}
		*to = v.Name
	}
	return s.token(ctx, db, a)
}

func (s *Sandbox) token(ctx context.Context, db *store.Store, a sms.Account) (Keys, error) {
	t, err := auth.CreateToken(ctx, db, s.clock.Now(), a, auth.Everything(), "sandbox", "Made with the sandbox", 0, nil)
	return Keys{t.ApplicationKey, t.ApplicationSecret, t.ConsumerKey}, err
}
