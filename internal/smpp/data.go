package smpp

// DataSM carries a message either way, its text in TagMessagePayload (§4.7.1).
type DataSM struct {
	ServiceType        string  // at most 5 characters
	Source             Address // at most 64 characters, as Dest
	Dest               Address
	ESMClass           ESMClass
	RegisteredDelivery RegisteredDelivery
	DataCoding         DataCoding
	TLVs               TLVs
}

// Command is data_sm.
func (*DataSM) Command() Command { return CommandDataSM }

// Text is the message_payload, with its user data header, if any.
func (p *DataSM) Text() []byte { return text(nil, p.TLVs) }

func (p *DataSM) fields(c *codec) {
	c.cstring("service_type", &p.ServiceType, 6)
	c.address(sourceAddr, &p.Source, 65)
	c.address(destAddr, &p.Dest, 65)
	c.byte("esm_class", (*byte)(&p.ESMClass))
	c.byte("registered_delivery", (*byte)(&p.RegisteredDelivery))
	c.byte("data_coding", (*byte)(&p.DataCoding))
	c.tlvs(&p.TLVs)
}

// DataSMResp answers DataSM (§4.7.2).
type DataSMResp struct {
	MessageID string // at most 64 characters
	TLVs      TLVs
}

// Command is data_sm_resp.
func (*DataSMResp) Command() Command { return CommandDataSMResp }

func (p *DataSMResp) fields(c *codec) { (*SubmitSMResp)(p).fields(c) }

// AlertNotification tells that a mobile can be reached again (§4.12). It is not answered.
type AlertNotification struct {
	Source Address // the mobile, at most 64 characters
	ESME   Address // who wanted to know, at most 64 characters
	TLVs   TLVs
}

// Command is alert_notification.
func (*AlertNotification) Command() Command { return CommandAlertNotification }

func (p *AlertNotification) fields(c *codec) {
	c.address(sourceAddr, &p.Source, 65)
	c.address(esmeAddr, &p.ESME, 65)
	c.tlvs(&p.TLVs)
}
