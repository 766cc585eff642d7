import JSON

/// What is left for somebody who may not see the rest.
extension ProxmoxAnswers {
    /// /nodes/N/subscription
    func bareSubscription(_ view: NodeView) -> [UInt8] {
        document { json in
            json.object { json in
                json.member("url", Self.pricing)
                if let subscription = view.node.subscription {
                    json.member("status", "active")
                    json.member("level", subscription.level.rawValue)
                } else {
                    json.member("status", "notfound")
                    json.member("message", "There is no subscription key")
                }
            }
        }
    }

    /// An empty list or object, as a place has it.
    func empty(isObject: Bool) -> [UInt8] {
        document { json in
            if isObject { json.object { _ in } } else { json.array { _ in } }
        }
    }

    /// A node by name and state only.
    func writeBareNode(_ view: NodeView, into json: inout JSONWriter) {
        json.member("id", "node/" + view.node.name)
        json.member("node", view.node.name)
        json.member("type", "node")
        json.member("status", view.isUnknown ? "unknown" : view.isOnline ? "online" : "offline")
        if view.isOnline, !view.isUnknown { json.member("level", view.node.level) }
    }
}
