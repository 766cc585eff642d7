import JSON

/// A row of `/cluster/resources`, whatever its type. Numbers are of the field with the same name.
struct ResourceRow {
    /// `node/pve1`, `qemu/100`, `storage/pve1/local`, `/pool/prod`, …
    private(set) var id: String?
    private(set) var type = ""
    private(set) var status: String?
    private(set) var haState: String?
    private(set) var lock: String?
    private(set) var node = ""
    private(set) var name = ""
    private(set) var template = ""
    private(set) var tags = ""
    private(set) var storage = ""
    private(set) var pluginType = ""
    private(set) var content = ""
    private(set) var maxdisk: Double?
    private(set) var disk: Double?
    private(set) var maxmem: Double?
    private(set) var mem: Double?
    private(set) var netout: Double?
    private(set) var netin: Double?
    private(set) var diskwrite: Double?
    private(set) var diskread: Double?
    private(set) var cpu: Double?
    private(set) var maxcpu: Double?
    private(set) var uptime: Double?
    private(set) var shared: Double?

    init(_ row: JSONValue) {
        row.forEachMember { key, value in
            switch key {
            case "id": id = value.shortText
            case "type": type = value.text ?? ""
            case "status": status = value.text
            case "hastate": haState = value.text
            case "lock": lock = value.text
            case "node": node = value.labelText
            case "name": name = value.labelText
            case "template": template = value.labelText
            case "tags": tags = value.labelText
            case "storage": storage = value.labelText
            case "plugintype": pluginType = value.labelText
            case "content": content = value.labelText
            case "maxdisk": maxdisk = value.number
            case "disk": disk = value.number
            case "maxmem": maxmem = value.number
            case "mem": mem = value.number
            case "netout": netout = value.number
            case "netin": netin = value.number
            case "diskwrite": diskwrite = value.number
            case "diskread": diskread = value.number
            case "cpu": cpu = value.number
            case "maxcpu": maxcpu = value.number
            case "uptime": uptime = value.number
            case "shared": shared = value.number
            default: break
            }
        }
    }

    var isGuest: Bool { type == "qemu" || type == "lxc" }
}
