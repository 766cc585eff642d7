import Primitives
import Settings
import Stack

extension StackSettings {
    /// Sets what `martlet files export` writes by the settings, where no flag says otherwise.
    func adjust(_ export: inout FilesExport) throws(Failure) {
        try adjustTexts(of: &export.plan)
        let alertmanager = tree["alertmanager"]
        if !invocation.isGiven("grafana.url"), let text = tree.word("dashboards_url") {
            export.grafana = try url(text, tree, "dashboards_url")
        }
        while export.grafana.hasSuffix("/") { export.grafana.removeLast() }
        if !invocation.isGiven("webhook.url"), !invocation.isGiven("webhook.url-file") {
            try refuseBoth("webhook_url", of: alertmanager)
            if let text = alertmanager.word("webhook_url") { export.webhook = try url(text, alertmanager, "webhook_url") }
            if let file = alertmanager.word("webhook_url_file") { export.webhookFile = try path(file, alertmanager, "webhook_url_file") }
        }
        if !invocation.isGiven("deadman.url-file") {
            try refuseBoth("deadman_url", of: alertmanager)
            if let text = alertmanager.word("deadman_url") { export.plan.deadmanURL = Secret(try url(text, alertmanager, "deadman_url")) }
            if let file = alertmanager.word("deadman_url_file") { export.deadmanFile = try path(file, alertmanager, "deadman_url_file") }
        }
        export.plan.rulesDirectory = tree["prometheus"].word("rules_dir")
        export.plan.alertmanagerConfiguration = alertmanager.word("config_file")
    }

    private func refuseBoth(_ key: String, of section: SettingsTree) throws(Failure) {
        guard section.word(key) == nil || section.word("\(key)_file") == nil else {
            throw section[key].failure("\(key) and \(key)_file exclude each other")
        }
    }

    private func url(_ text: String, _ section: SettingsTree, _ key: String) throws(Failure) -> String {
        try FilesCommand.url(text) { section[key].failure("\(key): \($0)") }
    }

    private func path(_ file: String, _ section: SettingsTree, _ key: String) throws(Failure) -> String {
        try FilesCommand.path(file) { section[key].failure("\(key): \($0)") }
    }
}
