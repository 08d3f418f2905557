/** The usage of the command when it is called `wg-quick`. */
export const USAGE = `Usage: PROGRAM [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]

  CONFIG_FILE is the path of a file that is called after the interface and ends in .conf.
  INTERFACE stands for /etc/wireguard/INTERFACE.conf.

  Besides what \`wg setconf' reads, the section [Interface] may have:

  Address       addresses of the interface, with a prefix length
  DNS           name servers and search domains while the tunnel is up
  MTU           default: that of the path to the peers, less 80 bytes
  Table         a number or a name of a routing table, auto (default), or off for no routes
  PreUp, PostUp, PreDown, PostDown
                commands for bash; %i is the name of the interface
  SaveConfig    true: \`down' first saves the interface in its file

  \`wireguard --help' has more commands.
`
