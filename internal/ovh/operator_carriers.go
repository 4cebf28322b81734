package ovh

import (
	"context"

	"ramier/internal/sms"
)

func (a *API) listCarriers(ctx context.Context, _ *Call, _ getOperatorCarriersIn) ([]string, error) {
	all, err := a.store.Carriers(ctx)
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	return names, err
}

func (a *API) addCarrier(ctx context.Context, _ *Call, in postOperatorCarriersIn) (operatorCarrier, error) {
	b := in.Body
	if b.Name == nil || b.Host == nil || b.SystemID == nil {
		return operatorCarrier{}, sms.Errorf(sms.Invalid, "a carrier needs name, host and systemId, and nearly always a password: give them all")
	}
	c := sms.Carrier{Name: *b.Name, Kind: string(operatorCarrierKindSmpp), Enabled: true, Settings: sms.DefaultCarrierSettings()}
	if err := checkName("name", c.Name, carrierName, "- . _", "orange-fr"); err != nil {
		return operatorCarrier{}, err
	}
	if err := changeCarrier(&c, b); err != nil {
		return operatorCarrier{}, err
	}
	if err := a.store.AddCarrier(ctx, &c, a.now()); err != nil {
		return operatorCarrier{}, err
	}
	return newOperatorCarrier(c), a.reload(ctx)
}

// reload makes the carriers run as they are described. The change is kept even if that fails.
func (a *API) reload(ctx context.Context) error {
	if err := a.carriers.Reload(context.WithoutCancel(ctx)); err != nil {
		return sms.Wrap(sms.Unavailable, err, "The change is saved, but the carriers could not be started anew: look at the log, then restart ramier")
	}
	return nil
}

func newOperatorCarrier(c sms.Carrier) operatorCarrier {
	s := c.Settings
	return operatorCarrier{
		AddressPlus: s.AddressPlus, BindMode: operatorCarrierBindMode(s.BindMode), Charset: operatorCharset(s.Charset),
		Concatenation: operatorConcatenation(s.Concatenation), DataCodingGsm7: int64(s.DataCodingGSM7), DestNpi: int64(s.DestNPI),
		DestTon: int64(s.DestTON), Enabled: c.Enabled, EnquireLinkSeconds: int64(s.EnquireLinkSeconds), Host: s.Host,
		InDoubt: operatorInDoubt(s.InDoubt), HighReserve: int64(s.HighReserve), Kind: operatorCarrierKind(c.Kind), Lookups: s.Lookups, Name: c.Name, Port: int64(s.Port), QueryMinutes: int64(s.QueryMinutes), Rate: int64(s.Rate),
		ReceiptID: operatorReceiptID(s.ReceiptID), RegisteredDelivery: s.RegisteredDelivery != 0,
		ResponseTimeoutSeconds: int64(s.ResponseSeconds), ServiceType: s.ServiceType, SourceNpi: int64(s.SourceNPI),
		SourceTon: int64(s.SourceTON), SystemID: s.SystemID, SystemType: s.SystemType, TLS: s.TLS, TLSCA: s.TLSCA,
		TLSServerName: s.TLSServerName, Validity: s.Validity, Window: int64(s.Window),
	}
}

func (a *API) showCarrier(ctx context.Context, _ *Call, in getOperatorCarriersCarrierIn) (operatorCarrier, error) {
	c, err := a.store.Carrier(ctx, in.Carrier)
	return newOperatorCarrier(c), err
}

func (a *API) setCarrier(ctx context.Context, _ *Call, in putOperatorCarriersCarrierIn) (void, error) {
	if v := in.Body.Name; v != nil && *v != in.Carrier {
		return void{}, sms.Errorf(sms.Invalid, "name = %q cannot be given to the carrier %s: names stay; add a new carrier and move the routes to it", *v, in.Carrier)
	}
	if err := a.store.ChangeCarrier(ctx, in.Carrier, func(c *sms.Carrier) error { return changeCarrier(c, in.Body) }); err != nil {
		return void{}, err
	}
	return void{}, a.reload(ctx)
}

func (a *API) removeCarrier(ctx context.Context, _ *Call, in deleteOperatorCarriersCarrierIn) (void, error) {
	if err := a.store.DeleteCarrier(ctx, in.Carrier); err != nil {
		return void{}, err
	}
	return void{}, a.reload(ctx)
}

func (a *API) showCarrierStatus(ctx context.Context, _ *Call, in getOperatorCarriersCarrierStatusIn) (operatorCarrierStatus, error) {
	c, err := a.store.Carrier(ctx, in.Carrier)
	if err != nil {
		return operatorCarrierStatus{}, err
	}
	lanes, err := a.store.Lanes(ctx)
	if err != nil {
		return operatorCarrierStatus{}, err
	}
	leases, err := a.store.Leases(ctx)
	return a.carrierStatus(c, lanes, leases), err
}
