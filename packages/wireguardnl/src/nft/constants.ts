// From <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>, <linux/netfilter.h> and
// <linux/rtnetlink.h>: what is used here.

/** Message type: begin of a batch. */
export const NFNL_MSG_BATCH_BEGIN = 0x10
/** Message type: end of a batch. Without it, the batch has no effect, and is acknowledged. */
export const NFNL_MSG_BATCH_END = 0x11
/** The part of netfilter that a batch is for, and the high byte of the message types. */
export const NFNL_SUBSYS_NFTABLES = 10

/** A table that exists or is to be made. */
export const NFT_MSG_NEWTABLE = 0x0a00
/** Requests tables. */
export const NFT_MSG_GETTABLE = 0x0a01
/** Deletes a table with everything in it. */
export const NFT_MSG_DELTABLE = 0x0a02
/** Makes a chain. */
export const NFT_MSG_NEWCHAIN = 0x0a03
/** Requests chains. */
export const NFT_MSG_GETCHAIN = 0x0a04
/** Makes a rule. */
export const NFT_MSG_NEWRULE = 0x0a06

/** Address family: IPv4. */
export const NFPROTO_IPV4 = 2
/** Address family: IPv6. */
export const NFPROTO_IPV6 = 10

/** Hook of a chain: as soon as a packet has come. */
export const NF_INET_PRE_ROUTING = 0
/** Hook of a chain: when a packet goes on to another machine. */
export const NF_INET_FORWARD = 2
/** Hook of a chain: before a packet leaves. */
export const NF_INET_POST_ROUTING = 4

/** Verdict: the packet is dropped. */
export const NF_DROP = 0

/** Length of struct nfgenmsg. */
export const NFGENMSG_LENGTH = 4

/** String: name of a table. */
export const NFTA_TABLE_NAME = 1
/** be32: flags of a table. */
export const NFTA_TABLE_FLAGS = 2

/** String: table of a chain. */
export const NFTA_CHAIN_TABLE = 1
/** String: name of a chain. */
export const NFTA_CHAIN_NAME = 3
/** Nested: where the chain is called. */
export const NFTA_CHAIN_HOOK = 4
/** be32: what becomes of a packet at the end of a chain, NF_ */
export const NFTA_CHAIN_POLICY = 5
/** String: type of a chain, 'filter' or 'nat'. */
export const NFTA_CHAIN_TYPE = 7
/** Inside NFTA_CHAIN_HOOK, be32: NF_INET_ */
export const NFTA_HOOK_HOOKNUM = 1
/** Inside NFTA_CHAIN_HOOK, be32: chains with a lower number come first. */
export const NFTA_HOOK_PRIORITY = 2

/** String: table of a rule. */
export const NFTA_RULE_TABLE = 1
/** String: chain of a rule. */
export const NFTA_RULE_CHAIN = 2
/** Nested: a list of expressions. */
export const NFTA_RULE_EXPRESSIONS = 4

/** An element of a list. */
export const NFTA_LIST_ELEM = 1
/** String: name of an expression. */
export const NFTA_EXPR_NAME = 1
/** Nested: attributes of an expression. */
export const NFTA_EXPR_DATA = 2

/** Register of the verdict. */
export const NFT_REG_VERDICT = 0
/** First register for data. */
export const NFT_REG_1 = 1

/** meta: be32 register to write. */
export const NFTA_META_DREG = 1
/** meta: be32 key. */
export const NFTA_META_KEY = 2
/** meta: be32 register to read. */
export const NFTA_META_SREG = 3
/** Key of meta: firewall mark. */
export const NFT_META_MARK = 3
/** Key of meta: name of the interface through which the packet came. */
export const NFT_META_IIFNAME = 6
/** Key of meta: name of the interface through which the packet leaves. */
export const NFT_META_OIFNAME = 7
/** Key of meta: protocol above IP. */
export const NFT_META_L4PROTO = 16

/** cmp: be32 register to read. */
export const NFTA_CMP_SREG = 1
/** cmp: be32 operator. */
export const NFTA_CMP_OP = 2
/** cmp: nested, the data. */
export const NFTA_CMP_DATA = 3
/** Operator of cmp: equal. */
export const NFT_CMP_EQ = 0
/** Operator of cmp: different. */
export const NFT_CMP_NEQ = 1

/** Inside data: bytes. */
export const NFTA_DATA_VALUE = 1
/** Inside data: nested, a verdict. */
export const NFTA_DATA_VERDICT = 2
/** Inside a verdict, be32: NF_ */
export const NFTA_VERDICT_CODE = 1

/** payload: be32 register to write. */
export const NFTA_PAYLOAD_DREG = 1
/** payload: be32 header. */
export const NFTA_PAYLOAD_BASE = 2
/** payload: be32 offset in the header. */
export const NFTA_PAYLOAD_OFFSET = 3
/** payload: be32 length. */
export const NFTA_PAYLOAD_LEN = 4
/** Header of payload: that of IP. */
export const NFT_PAYLOAD_NETWORK_HEADER = 1

/** fib: be32 register to write. */
export const NFTA_FIB_DREG = 1
/** fib: be32 what is looked up. */
export const NFTA_FIB_RESULT = 2
/** fib: be32 of which address. */
export const NFTA_FIB_FLAGS = 3
/** Result of fib: the type of the address, RTN_. */
export const NFT_FIB_RESULT_ADDRTYPE = 3
/** Flag of fib: of the source. */
export const NFTA_FIB_F_SADDR = 1

/** ct: be32 register to write. */
export const NFTA_CT_DREG = 1
/** ct: be32 key. */
export const NFTA_CT_KEY = 2
/** ct: be32 register to read. */
export const NFTA_CT_SREG = 4
/** Key of ct: mark of the connection. */
export const NFT_CT_MARK = 3

/** immediate: be32 register to write. */
export const NFTA_IMMEDIATE_DREG = 1
/** immediate: nested, the data. */
export const NFTA_IMMEDIATE_DATA = 2
