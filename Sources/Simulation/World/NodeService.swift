/// A service of a node as systemd has it.
struct NodeService: Sendable {
    let name: String
    let description: String
    /// `enabled`, `static` or `not-found`
    let unit: String
    /// `running`, `dead` or `failed`
    let state: String
    /// `active`, `inactive` or `failed`
    let activity: String
}

extension World {
    /// Those that the API asks about: name, what it is, and how its unit is set up.
    private static let services: [(name: String, description: String, unit: String)] = [
        ("chrony", "chrony, an NTP client/server", "enabled"), ("corosync", "Corosync Cluster Engine", "enabled"),
        ("cron", "Regular background program processing daemon", "enabled"),
        ("ksmtuned", "Kernel Samepage Merging (KSM) Tuning Daemon", "enabled"), ("postfix", "Postfix Mail Transport Agent", "enabled"),
        ("proxmox-firewall", "Proxmox nftables firewall", "enabled"), ("pve-cluster", "The Proxmox VE cluster filesystem", "enabled"),
        ("pve-firewall", "Proxmox VE firewall", "enabled"), ("pve-ha-crm", "PVE Cluster HA Resource Manager Daemon", "enabled"),
        ("pve-ha-lrm", "PVE Local HA Resource Manager Daemon", "enabled"), ("pvedaemon", "PVE API Daemon", "enabled"),
        ("pvefw-logger", "Proxmox VE firewall logger", "static"), ("pveproxy", "PVE API Proxy Server", "enabled"),
        ("pvescheduler", "Proxmox VE scheduler", "enabled"), ("pvestatd", "PVE Status Daemon", "enabled"),
        ("spiceproxy", "PVE SPICE Proxy Server", "enabled"), ("sshd", "OpenBSD Secure Shell server", "enabled"),
        ("syslog", "syslog.service", "not-found"), ("systemd-journald", "Journal Service", "static"),
        ("systemd-timesyncd", "systemd-timesyncd.service", "not-found"),
    ]

    /// The services of a node. Of every fourth node the mail server has failed.
    func services(of node: Node, at moment: Double) -> [NodeService] {
        Self.services.map { service in
            let (state, activity) =
                switch service.name {
                case "postfix" where node.index % 4 == 1: ("failed", "failed")
                case "pvestatd" where has(.statisticsDead, node, at: moment): ("dead", "inactive")
                case "pvedaemon" where has(.daemonDead, node, at: moment): ("dead", "inactive")
                case "pve-ha-lrm" where has(.serviceDead, node, at: moment): ("failed", "failed")
                // Without a cluster its condition does not hold.
                case "corosync" where inventory.nodes.count == 1: ("dead", "inactive")
                case _ where service.unit == "not-found": ("dead", "inactive")
                default: ("running", "active")
                }
            return NodeService(
                name: service.name, description: service.description, unit: service.unit, state: state, activity: activity)
        }
    }
}
