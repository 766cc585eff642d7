import JSON
import Primitives

/// What a node was bought.
extension ProxmoxAnswers {
    static let pricing = "https://www.proxmox.com/en/proxmox-virtual-environment/pricing"

    /// /nodes/N/subscription
    func subscription(_ view: NodeView) -> [UInt8] {
        document { json in
            json.object { json in
                json.member("serverid", view.node.serverID)
                json.member("url", Self.pricing)
                guard let subscription = view.node.subscription else {
                    json.member("status", "notfound")
                    json.member("message", "There is no subscription key")
                    return
                }
                let dates = world.dates(of: subscription, of: view.node, at: moment)
                json.member("status", "active")
                json.member("level", subscription.level.rawValue)
                json.member("key", subscription.key)
                json.member("productname", subscription.productName)
                json.member("sockets", subscription.sockets)
                json.member("regdate", "\(Self.date(dates.registered)) 00:00:00")
                json.member("nextduedate", Self.date(dates.nextDue))
                json.member("checktime", dates.lastCheck)
            }
        }
    }

    /// `2026-11-21`
    private static func date(_ unixSeconds: Int) -> String { String(timestampText(Double(unixSeconds)).prefix(10)) }
}
