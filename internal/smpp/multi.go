package smpp

// SubmitMulti hands one message for up to 254 destinations to the SMSC (§4.5.1).
type SubmitMulti struct {
	ServiceType        string // at most 5 characters
	Source             Address
	Dests              []Dest // 1 to 254
	ESMClass           ESMClass
	ProtocolID         byte
	Priority           byte
	ScheduleTime       string
	ValidityPeriod     string
	RegisteredDelivery RegisteredDelivery
	ReplaceIfPresent   byte
	DataCoding         DataCoding
	DefaultMsgID       byte
	ShortMessage       []byte // at most 254 octets; empty when there is a message_payload
	TLVs               TLVs
}

// Dest is a destination of SubmitMulti: a distribution list, or an address if List is empty.
type Dest struct {
	Address
	List string // at most 20 characters
}

// The values of dest_flag (§5.2.25).
const (
	destIsAddress byte = 1
	destIsList    byte = 2
)

// Command is submit_multi.
func (*SubmitMulti) Command() Command { return CommandSubmitMulti }

// Text is the short_message or, where that is empty, the message_payload; with its user data header, if any.
func (p *SubmitMulti) Text() []byte { return text(p.ShortMessage, p.TLVs) }

func (p *SubmitMulti) fields(c *codec) {
	c.cstring("service_type", &p.ServiceType, 6)
	c.address(sourceAddr, &p.Source, 21)
	c.dests(&p.Dests)
	c.byte("esm_class", (*byte)(&p.ESMClass))
	c.byte("protocol_id", &p.ProtocolID)
	c.byte("priority_flag", &p.Priority)
	c.time("schedule_delivery_time", &p.ScheduleTime)
	c.time("validity_period", &p.ValidityPeriod)
	c.byte("registered_delivery", (*byte)(&p.RegisteredDelivery))
	c.byte("replace_if_present_flag", &p.ReplaceIfPresent)
	c.byte("data_coding", (*byte)(&p.DataCoding))
	c.byte("sm_default_msg_id", &p.DefaultMsgID)
	c.shortMessage(&p.ShortMessage)
	c.tlvs(&p.TLVs)
}

func (c *codec) dests(list *[]Dest) {
	n := c.count("number_of_dests", len(*list), 1, 254)
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			*list = append(*list, Dest{})
		}
		c.dest(&(*list)[i])
	}
}

func (c *codec) dest(d *Dest) {
	flag := destIsAddress
	if d.List != "" {
		flag = destIsList
	}
	c.byte("dest_flag", &flag)
	switch flag {
	case destIsAddress:
		c.address(destAddr, &d.Address, 21)
	case destIsList:
		c.cstring("dl_name", &d.List, 21)
		if d.List == "" {
			c.fail("dl_name", "a distribution list has a name")
		}
	default:
		c.pos--
		c.fail("dest_flag", "it is neither 1 (address) nor 2 (list)")
	}
}

// SubmitMultiResp answers SubmitMulti (§4.5.2).
type SubmitMultiResp struct {
	MessageID string // at most 64 characters
	Unsuccess []Unsuccess
	TLVs      TLVs // not of 3.4
}

// Unsuccess is a destination that was refused, and why.
type Unsuccess struct {
	Address
	Status Status
}

// Command is submit_multi_resp.
func (*SubmitMultiResp) Command() Command { return CommandSubmitMultiResp }

func (p *SubmitMultiResp) fields(c *codec) {
	c.cstring("message_id", &p.MessageID, 65)
	n := c.count("no_unsuccess", len(p.Unsuccess), 0, 255)
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			p.Unsuccess = append(p.Unsuccess, Unsuccess{})
		}
		c.address(destAddr, &p.Unsuccess[i].Address, 21)
		c.uint32("error_status_code", (*uint32)(&p.Unsuccess[i].Status))
	}
	c.tlvs(&p.TLVs)
}
