#Requires -Version 5.1
<#
.SYNOPSIS
    Lets Prometheus scrape this Windows machine: installs windows_exporter as a service, with the collectors that martlet's rules and boards need.

.DESCRIPTION
    Installs one known version, whose installer is checked against a SHA-256 that stands in this file, and lets nobody reach it through the firewall but the machines named. A second run
    with the same answers changes nothing. README.md beside this file says more.

.PARAMETER PrometheusAddress
    The addresses or networks that may scrape, such as 192.0.2.5 or 192.0.2.0/24.

.PARAMETER Port
    Where the exporter listens. martlet's discovery expects 9182.

.PARAMETER ListenAddress
    One address of this machine to listen on. Without it: all of them, as who scrapes is another machine.

.PARAMETER Collectors
    What to collect. A name that this version does not know is refused here, as the service would not start with it.

.PARAMETER ProcessInclude
    A regular expression: processes that are told of. Each is some twenty series, so name what you run on machines with hundreds of processes.

.PARAMETER ServiceInclude
    A regular expression: services that are told of. Each is some ten series.

.PARAMETER InstallerPath
    The installer as a file, for machines that cannot download. It is checked as a download is.

.PARAMETER Force
    Replaces a newer version, and an installation that was not made by this script.

.EXAMPLE
    .\Install-WindowsExporter.ps1 -PrometheusAddress 192.0.2.5

.EXAMPLE
    .\Install-WindowsExporter.ps1 -PrometheusAddress 192.0.2.5 -WhatIf

    Says what would be done, changes nothing.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory = $true)]
    [string[]] $PrometheusAddress,

    [ValidateRange(1, 65535)]
    [int] $Port = 9182,

    [string] $ListenAddress = '',

    [string[]] $Collectors = @('cpu', 'logical_disk', 'memory', 'net', 'os', 'pagefile', 'physical_disk', 'process', 'service', 'system', 'time'),

    [string] $ProcessInclude = '.+',

    [string] $ServiceInclude = '.+',

    [string] $InstallerPath = '',

    [switch] $Force
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# The version, and what its publisher says of the installer in the release's sha256sums.txt. A new version takes a new line here, a look at
# collectors.txt, and a run of the tests.
$Version = '0.31.8'
$InstallerName = "windows_exporter-$Version-amd64.msi"
$InstallerSha256 = '0aadce6afb20182b678bfca9e8f2e8464ef48c469b28b4cf02e99d82158f5d40'
$InstallerUrl = "https://github.com/prometheus-community/windows_exporter/releases/download/v$Version/$InstallerName"

$ServiceName = 'windows_exporter'
$RuleName = 'martlet-windows-exporter'
# What this script did, for the next run and for Uninstall-WindowsExporter.ps1.
$StateKey = 'HKLM:\SOFTWARE\martlet\WindowsExporter'

# Collectors of this version. `cs` is gone since 0.31, and a name that is unknown keeps the service from starting.
$KnownCollectors = @(
    'ad', 'adcs', 'adfs', 'cache', 'container', 'cpu', 'cpu_info', 'dfsr', 'dhcp', 'diskdrive', 'dns', 'exchange', 'filetime', 'fsrmquota', 'gpu',
    'hyperv', 'iis', 'license', 'logical_disk', 'memory', 'mscluster', 'msmq', 'mssql', 'net', 'netframework', 'nps', 'os', 'pagefile',
    'performancecounter', 'physical_disk', 'printer', 'process', 'remote_fx', 'scheduled_task', 'service', 'smb', 'smbclient', 'smtp', 'system',
    'tcp', 'terminal_services', 'textfile', 'thermalzone', 'time', 'udp', 'update', 'vmware'
)

function Write-Step {
    param([string] $Text)
    Write-Host "Install-WindowsExporter: $Text"
}

function Stop-Run {
    param([string] $Text)
    throw "Install-WindowsExporter: $Text"
}

function Test-Address {
    param([string] $Text)
    $parts = @($Text -split '/')
    if ($parts.Count -gt 2) {
        return $false
    }
    $address = $null
    if (-not [System.Net.IPAddress]::TryParse($parts[0], [ref] $address)) {
        return $false
    }
    # 192.168 is an address to .NET, 192.0.0.168, and to nobody else.
    if (($address.AddressFamily -eq 'InterNetwork') -and ($parts[0] -notmatch '^\d+\.\d+\.\d+\.\d+$')) {
        return $false
    }
    if ($parts.Count -eq 1) {
        return $true
    }
    $longest = 32
    if ($address.AddressFamily -eq 'InterNetworkV6') {
        $longest = 128
    }
    # A network of length 0 is everybody.
    return ($parts[1] -match '^\d{1,3}$') -and ([int] $parts[1] -ge 1) -and ([int] $parts[1] -le $longest)
}

function Assert-Answers {
    foreach ($address in $PrometheusAddress) {
        if (-not (Test-Address $address)) {
            Stop-Run "-PrometheusAddress '$address' is no address and no network; write it like 192.0.2.5 or 192.0.2.0/24"
        }
    }
    if (($ListenAddress -ne '') -and (($ListenAddress -match '/') -or (-not (Test-Address $ListenAddress)))) {
        Stop-Run "-ListenAddress '$ListenAddress' is no address of a machine"
    }
    if (@($Collectors).Count -eq 0) {
        Stop-Run '-Collectors names none'
    }
    foreach ($collector in $Collectors) {
        if ($KnownCollectors -cnotcontains $collector) {
            Stop-Run "windows_exporter $Version has no collector '$collector'; it has $($KnownCollectors -join ', ')"
        }
    }
    # They become part of the service's command line, which no cmd.exe reads: ^ means what it means in an expression.
    foreach ($pattern in @($ProcessInclude, $ServiceInclude)) {
        if (($pattern -eq '') -or ($pattern -match '[\s"%&<>]')) {
            Stop-Run "the pattern '$pattern' is empty, or has a space, a quotation mark or one of %&<>, which do not survive in a command line"
        }
        try {
            [void] [regex]::new($pattern)
        }
        catch {
            Stop-Run "the pattern '$pattern' is no regular expression: $($_.Exception.Message)"
        }
    }
}

function Assert-Machine {
    $principal = New-Object System.Security.Principal.WindowsPrincipal([System.Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        Stop-Run 'run this in a PowerShell that was started as administrator'
    }
    if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') {
        Stop-Run "this machine is $env:PROCESSOR_ARCHITECTURE to this PowerShell; the installer is for AMD64, so use a 64-bit PowerShell on such a machine"
    }
    if ([System.Environment]::OSVersion.Version.Major -lt 10) {
        Stop-Run 'windows_exporter needs Windows 10, Windows Server 2016 or newer'
    }
}

# What is installed: its version and the code by which the installer knows it, or nothing.
function Get-Installed {
    $keys = @('HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*', 'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*')
    foreach ($entry in @(Get-ItemProperty -Path $keys -ErrorAction SilentlyContinue)) {
        $name = $entry.PSObject.Properties['DisplayName']
        if (($null -ne $name) -and ($name.Value -eq 'windows_exporter')) {
            return [pscustomobject] @{ Version = [version] $entry.DisplayVersion; ProductCode = $entry.PSChildName }
        }
    }
    return $null
}

function Get-State {
    if (-not (Test-Path -LiteralPath $StateKey)) {
        return $null
    }
    return Get-ItemProperty -LiteralPath $StateKey
}

# The answers in one line: another line than the last run's means that the service is installed anew.
function Get-Wanted {
    $sorted = @($Collectors | Sort-Object -Unique) -join ','
    return "version=$Version listen=${ListenAddress}:$Port collectors=$sorted processes=$ProcessInclude services=$ServiceInclude"
}

# A folder that is made closed: nobody but administrators and the system gets in at any moment, and no ordinary account is its owner, who
# could open it.
function New-WorkFolder {
    $folder = Join-Path $env:SystemRoot ('Temp\martlet-' + [guid]::NewGuid().ToString('N'))
    $administrators = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
    $system = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-18'
    $security = New-Object System.Security.AccessControl.DirectorySecurity
    $security.SetAccessRuleProtection($true, $false)
    $security.SetOwner($administrators)
    foreach ($who in @($administrators, $system)) {
        $rule = New-Object System.Security.AccessControl.FileSystemAccessRule($who, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow')
        $security.AddAccessRule($rule)
    }
    # The same call is in two places: one of Windows PowerShell 5.1, one of PowerShell 7.
    if ($PSVersionTable.PSVersion.Major -ge 6) {
        [System.IO.FileSystemAclExtensions]::Create((New-Object System.IO.DirectoryInfo $folder), $security)
    }
    else {
        [void] [System.IO.Directory]::CreateDirectory($folder, $security)
    }
    return $folder
}

function Get-Installer {
    param([string] $Folder)
    $file = Join-Path $Folder $InstallerName
    if ($InstallerPath -ne '') {
        if (-not (Test-Path -LiteralPath $InstallerPath -PathType Leaf)) {
            Stop-Run "there is no file $InstallerPath"
        }
        # The copy is checked and then used: nobody can put another in its place between the two.
        Copy-Item -LiteralPath $InstallerPath -Destination $file
    }
    else {
        Write-Step "downloading $InstallerUrl"
        [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor [System.Net.SecurityProtocolType]::Tls12
        # Its progress bar makes a download in PowerShell 5.1 many times slower.
        $ProgressPreference = 'SilentlyContinue'
        try {
            Invoke-WebRequest -Uri $InstallerUrl -OutFile $file -UseBasicParsing -TimeoutSec 300
        }
        catch {
            Stop-Run "cannot download $InstallerUrl ($($_.Exception.Message)). Download it elsewhere and give the file by -InstallerPath"
        }
    }
    $found = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash
    if ($found -ne $InstallerSha256) {
        Stop-Run "the installer is not the one that was published: its SHA-256 is $($found.ToLowerInvariant()), expected $InstallerSha256. Nothing was installed"
    }
    return $file
}

function Invoke-Installer {
    param([string] $File, [string] $Log)
    $flags = "--collector.process.include=$ProcessInclude --collector.service.include=$ServiceInclude"
    $arguments = @(
        '/i', "`"$File`"", '/qn', '/norestart', '/l*v', "`"$Log`"",
        "ENABLED_COLLECTORS=`"$(@($Collectors | Sort-Object -Unique) -join ',')`"",
        "LISTEN_PORT=`"$Port`"",
        "EXTRA_FLAGS=`"$flags`""
    )
    if ($ListenAddress -ne '') {
        $written = $ListenAddress
        if ($ListenAddress.Contains(':')) {
            $written = "[$ListenAddress]"
        }
        $arguments += "LISTEN_ADDR=`"$written`""
    }
    $process = Start-Process -FilePath "$env:SystemRoot\System32\msiexec.exe" -ArgumentList $arguments -Wait -PassThru
    switch ($process.ExitCode) {
        0 {
            return
        }
        3010 {
            Write-Step 'Windows wants a restart to finish; the exporter runs before it'
        }
        1618 {
            Remove-Item -LiteralPath $Log -Force -ErrorAction SilentlyContinue
            Stop-Run 'another installation is running; wait for its end and run this again'
        }
        default {
            Stop-Run "the installer ended with code $($process.ExitCode); its log is $Log"
        }
    }
}

function Set-Recovery {
    # Thrice a restart, after 5 s, 30 s and a minute; a day without a failure forgets them. Without the flag an exit with an error is none.
    & "$env:SystemRoot\System32\sc.exe" failure $ServiceName reset= 86400 actions= restart/5000/restart/30000/restart/60000 | Out-Null
    if ($LASTEXITCODE -ne 0) {
        Stop-Run "sc.exe could not set the recovery of $ServiceName (exit code $LASTEXITCODE)"
    }
    & "$env:SystemRoot\System32\sc.exe" failureflag $ServiceName 1 | Out-Null
    if ($LASTEXITCODE -ne 0) {
        Stop-Run "sc.exe could not set the failure flag of $ServiceName (exit code $LASTEXITCODE)"
    }
    Set-Service -Name $ServiceName -StartupType Automatic
}

# An address or a network in the one way in which the firewall tells it, whichever it was written in: of IPv4 it has 192.0.2.0/255.255.255.0 for
# what was 192.0.2.0/24 in the rule. Words such as Any stay.
function Format-Network {
    param([string] $Text)
    $parts = @($Text -split '/')
    $address = $null
    if (($parts.Count -gt 2) -or (-not [System.Net.IPAddress]::TryParse($parts[0], [ref] $address))) {
        return $Text
    }
    if ($address.AddressFamily -ne 'InterNetwork') {
        if (($parts.Count -eq 1) -or ($parts[1] -eq '128')) {
            return "$address"
        }
        return "$address/$($parts[1])"
    }
    $mask = '255.255.255.255'
    if ($parts.Count -eq 2) {
        $mask = $parts[1]
    }
    if ($mask -match '^\d{1,3}$') {
        $bits = ('1' * [int] $mask).PadRight(32, '0')
        $mask = @(0..3 | ForEach-Object { [System.Convert]::ToInt32($bits.Substring($_ * 8, 8), 2) }) -join '.'
    }
    if ($mask -eq '255.255.255.255') {
        return "$address"
    }
    $kept = [System.Net.IPAddress]::Parse($mask).GetAddressBytes()
    $bytes = $address.GetAddressBytes()
    return (@(0..3 | ForEach-Object { $bytes[$_] -band $kept[$_] }) -join '.') + "/$mask"
}

# Whether our rule is there and lets in exactly who was named, on the port.
function Test-FirewallRule {
    $rule = Get-NetFirewallRule -Name $RuleName -ErrorAction SilentlyContinue
    if (($null -eq $rule) -or ("$($rule.Enabled)" -ne 'True') -or ("$($rule.Action)" -ne 'Allow')) {
        return $false
    }
    $remote = @(($rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { Format-Network $_ } | Sort-Object -Unique)
    $local = @(($rule | Get-NetFirewallPortFilter).LocalPort)
    $named = @($PrometheusAddress | ForEach-Object { Format-Network $_ } | Sort-Object -Unique)
    return (($remote -join ',') -eq ($named -join ',')) -and (($local -join ',') -eq "$Port")
}

function Set-FirewallRule {
    Remove-NetFirewallRule -Name $RuleName -ErrorAction SilentlyContinue
    $rule = @{
        Name          = $RuleName
        DisplayName   = 'windows_exporter for Prometheus (martlet)'
        Description   = 'Written by Install-WindowsExporter.ps1'
        Direction     = 'Inbound'
        Action        = 'Allow'
        Protocol      = 'TCP'
        LocalPort     = $Port
        RemoteAddress = @($PrometheusAddress | Sort-Object -Unique)
        Profile       = 'Any'
    }
    [void] (New-NetFirewallRule @rule)
}

# A rule lets somebody in and keeps nobody out: that does the profile, unless it is off or lets in what no rule names.
function Show-OpenProfiles {
    foreach ($open in @(Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction SilentlyContinue)) {
        if ("$($open.Enabled)" -ne 'True') {
            Write-Warning "the firewall is off for the profile '$($open.Name)': everybody there reaches port $Port, whoever -PrometheusAddress names"
        }
        elseif ("$($open.DefaultInboundAction)" -eq 'Allow') {
            Write-Warning "the firewall's profile '$($open.Name)' lets in what no rule names: everybody there reaches port $Port, whoever -PrometheusAddress names"
        }
    }
}

# Rules of others that let more people in than ours does.
function Show-OtherRules {
    $others = @(Get-NetFirewallRule -DisplayName 'windows_exporter' -ErrorAction SilentlyContinue | Where-Object { $_.Name -ne $RuleName })
    foreach ($other in $others) {
        if (("$($other.Enabled)" -eq 'True') -and ("$($other.Direction)" -eq 'Inbound')) {
            Write-Warning "the firewall rule '$($other.Name)' lets others reach the exporter too. To remove it: Remove-NetFirewallRule -Name '$($other.Name)'"
        }
    }
}

function Test-Answer {
    $address = '127.0.0.1'
    if ($ListenAddress -ne '') {
        $address = $ListenAddress
        if ($ListenAddress.Contains(':')) {
            $address = "[$ListenAddress]"
        }
    }
    $url = "http://${address}:$Port/metrics"
    $text = ''
    for ($attempt = 1; $attempt -le 20; $attempt++) {
        try {
            $text = (Invoke-WebRequest -Uri $url -UseBasicParsing -TimeoutSec 15).Content
            break
        }
        catch {
            if ($attempt -eq 20) {
                Stop-Run "the service does not answer at $url ($($_.Exception.Message)). What it says is in the event log: Get-WinEvent -ProviderName windows_exporter -MaxEvents 5"
            }
            Start-Sleep -Seconds 1
        }
    }
    if ($text -notmatch 'windows_exporter_build_info\{[^}]*version="([^"]+)"') {
        Stop-Run "what answers at $url is no windows_exporter: another program has the port"
    }
    if ($Matches[1] -ne $Version) {
        Stop-Run "version $($Matches[1]) answers at $url, not ${Version}: another windows_exporter has the port"
    }
    foreach ($match in [regex]::Matches($text, '(?m)^windows_exporter_collector_success\{collector="([^"]+)"\} 0\r?$')) {
        Write-Warning "the collector '$($match.Groups[1].Value)' failed; its series are missing"
    }
    Write-Step "windows_exporter $Version answers at $url"
}

Assert-Answers
Assert-Machine

$installed = Get-Installed
$state = Get-State
$wanted = Get-Wanted
$isOurs = ($null -ne $state) -and ($null -ne $installed)
if (($null -ne $installed) -and (-not $isOurs) -and (-not $Force)) {
    Stop-Run "windows_exporter $($installed.Version) is here and was not installed by this script. -Force replaces it; its own flags are lost then"
}
if (($null -ne $installed) -and ($installed.Version -gt [version] $Version) -and (-not $Force)) {
    Stop-Run "the newer windows_exporter $($installed.Version) is here; -Force goes back to $Version"
}

$changed = $false
if ($isOurs -and ($state.Wanted -eq $wanted) -and ($installed.Version -eq [version] $Version)) {
    Write-Step "windows_exporter $Version is installed as wanted"
}
elseif ($PSCmdlet.ShouldProcess("windows_exporter $Version", 'Install')) {
    $folder = New-WorkFolder
    $file = ''
    $log = Join-Path $folder 'install.log'
    try {
        $file = Get-Installer -Folder $folder
        if (($null -ne $installed) -and ($installed.Version -gt [version] $Version)) {
            Write-Step "removing windows_exporter $($installed.Version)"
            $removal = Start-Process -FilePath "$env:SystemRoot\System32\msiexec.exe" -ArgumentList @('/x', $installed.ProductCode, '/qn', '/norestart') -Wait -PassThru
            if (@(0, 3010) -notcontains $removal.ExitCode) {
                Stop-Run "the installer could not remove windows_exporter $($installed.Version) (code $($removal.ExitCode))"
            }
        }
        Write-Step "installing windows_exporter $Version"
        Invoke-Installer -File $file -Log $log
        Remove-Item -LiteralPath $log -Force -ErrorAction SilentlyContinue
    }
    finally {
        # After a failure the log stays where it is, closed to others; it has the command line in it.
        if (Test-Path -LiteralPath $log) {
            Remove-Item -LiteralPath $file -Force -ErrorAction SilentlyContinue
        }
        else {
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
        }
    }
    [void] (New-Item -Path $StateKey -Force)
    Set-ItemProperty -LiteralPath $StateKey -Name 'Version' -Value $Version
    Set-ItemProperty -LiteralPath $StateKey -Name 'Wanted' -Value $wanted
    $changed = $true
}

if (-not (Test-FirewallRule)) {
    if ($PSCmdlet.ShouldProcess("TCP $Port from $($PrometheusAddress -join ', ')", 'Let through the firewall')) {
        Set-FirewallRule
        Write-Step "the firewall lets $($PrometheusAddress -join ', ') reach port $Port"
        $changed = $true
    }
}
Show-OtherRules
Show-OpenProfiles

$service = Get-Service -Name $ServiceName -ErrorAction SilentlyContinue
if ($null -eq $service) {
    if (-not $WhatIfPreference) {
        Stop-Run "the installer ended well, and yet there is no service $ServiceName"
    }
}
elseif ($PSCmdlet.ShouldProcess($ServiceName, 'Set recovery and start')) {
    Set-Recovery
    if ($service.Status -ne 'Running') {
        Start-Service -Name $ServiceName
        $changed = $true
    }
    Test-Answer
}

if ((-not $changed) -and (-not $WhatIfPreference)) {
    Write-Step 'nothing was to be changed'
}
