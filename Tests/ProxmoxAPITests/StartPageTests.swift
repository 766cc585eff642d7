import Testing

@testable import ProxmoxAPI

@Suite("The page that a node shows to browsers")
struct StartPageTests {
    private func page(_ title: String, _ script: String) -> StartPage {
        StartPage(status: 200, "<html><head><title>pve1 - \(title)</title><script src=\"\(script)\"></script></head></html>")
    }

    @Test("It tells the major version")
    func version() {
        let page = page("Proxmox Virtual Environment", "/pve2/js/pvemanagerlib.js?ver=9.0.5")
        #expect(page.isProxmoxVE)
        #expect(page.majorVersion == 9)
        #expect(self.page("Proxmox Virtual Environment", "/pve2/js/pvemanagerlib.js?ver=8.4.1").majorVersion == 8)
    }

    @Test(
        "Without one it is a node all the same", arguments: ["", "/pve2/js/pvemanagerlib.js", "/pve2/js/pvemanagerlib.js?ver=", "x?ver=9"])
    func withoutVersion(_ script: String) {
        let page = page("Proxmox Virtual Environment", script)
        #expect(page.isProxmoxVE && page.majorVersion == nil)
    }

    @Test("Others of the family are named, and others are nobody")
    func others() {
        let backup = page("Proxmox Backup Server", "/js/proxmox-backup-gui.js")
        #expect(!backup.isProxmoxVE && backup.otherProduct == "Proxmox Backup Server")
        #expect(!StartPage(status: 200, "").isProxmoxVE)
        #expect(StartPage(status: 200, "").otherProduct == nil)
        #expect(!StartPage(status: 502, "Proxmox Virtual Environment").isProxmoxVE)
    }
}
