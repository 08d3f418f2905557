// From <linux/genetlink.h>, in the header's order.

/** Message type of the controller, the family that lists the others. */
export const GENL_ID_CTRL = 0x10

/** Length of struct genlmsghdr. */
export const GENL_HDRLEN = 4

/** Announces a family. It is also the reply to CTRL_CMD_GETFAMILY. */
export const CTRL_CMD_NEWFAMILY = 1
/** Requests a family by id or name. */
export const CTRL_CMD_GETFAMILY = 3

/** u16: the message type of the family. */
export const CTRL_ATTR_FAMILY_ID = 1
/** NUL-terminated string: the name of the family. */
export const CTRL_ATTR_FAMILY_NAME = 2
/** u32: the version of the family. */
export const CTRL_ATTR_VERSION = 3
/** u32: length of the family's own header. */
export const CTRL_ATTR_HDRSIZE = 4
/** u32: highest attribute type. */
export const CTRL_ATTR_MAXATTR = 5
