package smpp

// Address is a number or name with its type and plan. Addr has at most 20
// characters, in data_sm and alert_notification 64 (§5.2.8, §5.2.9).
type Address struct {
	TON  TON
	NPI  NPI
	Addr string
}

// TON is a type of number (§5.2.5).
type TON byte

// The types of number.
const (
	TONUnknown          TON = 0
	TONInternational    TON = 1
	TONNational         TON = 2
	TONNetworkSpecific  TON = 3
	TONSubscriberNumber TON = 4
	TONAlphanumeric     TON = 5
	TONAbbreviated      TON = 6
)

// NPI is a numbering plan (§5.2.6).
type NPI byte

// The numbering plans.
const (
	NPIUnknown    NPI = 0
	NPIISDN       NPI = 1 // E.163 and E.164
	NPIData       NPI = 3 // X.121
	NPITelex      NPI = 4 // F.69
	NPILandMobile NPI = 6 // E.212
	NPINational   NPI = 8
	NPIPrivate    NPI = 9
	NPIERMES      NPI = 10
	NPIInternet   NPI = 14
	NPIWAP        NPI = 18
)
