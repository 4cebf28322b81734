package smpp

// BindMode says in which direction a session carries messages.
type BindMode byte

// The modes; their numbers are those of the commands. The zero value counts as Transceiver.
const (
	Receiver    BindMode = 0x01 // from the SMSC to the ESME
	Transmitter BindMode = 0x02 // from the ESME to the SMSC
	Transceiver BindMode = 0x09 // both
)

func (m BindMode) command() Command {
	if m == 0 {
		m = Transceiver
	}
	return Command(m)
}

// String is "receiver", "transmitter" or "transceiver".
func (m BindMode) String() string {
	switch m {
	case Receiver:
		return "receiver"
	case Transmitter:
		return "transmitter"
	default:
		return "transceiver"
	}
}

// maxCredential is how many characters a system id or a password may have. SMPP 3.4 allows 15 and 8, but operators hand out
// longer ones and take them; a peer that keeps to the limits refuses them itself.
const maxCredential = 64

// Bind is bind_receiver, bind_transmitter or bind_transceiver, by its Mode (§4.1).
type Bind struct {
	Mode             BindMode
	SystemID         string // at most 64 characters; 15 in the specification
	Password         string // at most 64; 8 in the specification
	SystemType       string // at most 12
	InterfaceVersion byte   // Version
	AddrTON          TON
	AddrNPI          NPI
	AddressRange     string // at most 40; which addresses the ESME serves
}

// Command is the bind command of the mode.
func (p *Bind) Command() Command { return p.Mode.command() }

func (p *Bind) fields(c *codec) {
	c.cstring("system_id", &p.SystemID, maxCredential+1)
	c.cstring("password", &p.Password, maxCredential+1)
	c.cstring("system_type", &p.SystemType, 13)
	c.byte("interface_version", &p.InterfaceVersion)
	c.byte("addr_ton", (*byte)(&p.AddrTON))
	c.byte("addr_npi", (*byte)(&p.AddrNPI))
	c.cstring("address_range", &p.AddressRange, 41)
}

// BindResp answers a Bind of the same Mode. It may carry TagSCInterfaceVersion.
type BindResp struct {
	Mode     BindMode
	SystemID string // of the SMSC, at most 64 characters
	TLVs     TLVs
}

// Command is the response to the bind command of the mode.
func (p *BindResp) Command() Command { return p.Mode.command() | responseBit }

func (p *BindResp) fields(c *codec) {
	c.cstring("system_id", &p.SystemID, maxCredential+1)
	c.tlvs(&p.TLVs)
}

// Outbind is an SMSC's wish that the ESME bind as a receiver (§4.1.7). It is not answered.
type Outbind struct {
	SystemID string // at most 64 characters, as in Bind
	Password string // at most 64
}

// Command is outbind.
func (*Outbind) Command() Command { return CommandOutbind }

func (p *Outbind) fields(c *codec) {
	c.cstring("system_id", &p.SystemID, maxCredential+1)
	c.cstring("password", &p.Password, maxCredential+1)
}
