#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The documents say what is: the directives' reference against the command
# table both ways, nginx -t on the annotated configuration, README's claims.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

chdir $Pacs::TOP;

# --- directives ---

my %table;
for my $file (glob 'ngx_pacs_module/*.c ngx_pacs_module/*.h') {
    $table{$_} = 1 for slurp($file) =~ /ngx_string\("(pacs(?:_\w+)?)"\),\s*\n\s*NGX_/g;
}
my %scope = slurp('src/core/core.h') =~ /^#define PACS_LIMITS_(DATA|WEB|NODE)\(X\)(.*?)\n\n/msg;
$table{"pacs_limit_$_"} = 1 for map { $scope{$_} =~ /^\s+X\((\w+),/mg } qw(DATA WEB);

my $reference = slurp('conf/directives.md');
my %documented = map { $_ => 1 } $reference =~ /^### `(pacs\w*)`/mg;
$documented{$_} = 1 for $reference =~ /^\| `(pacs_limit_\w+)` \|/mg;

cmp_ok(scalar keys %table, '>', 20, 'the command table was found');
is_deeply([sort grep { !$documented{$_} } keys %table], [], 'every directive is in conf/directives.md');
is_deeply([sort grep { !$table{$_} } keys %documented], [], '... and nothing else is');

# the limits' defaults too
my %limit = slurp('src/core/core.h') =~ /^\s+X\((\w+),\s+(.+?),\s+"/mg;
my @wrong;
for my $name (sort keys %limit) {
    my $e = $limit{$name} =~ s/INT64_C//gr;
    my $value = eval $e;
    my ($said) = $reference =~ /^\| `(?:pacs_limit_|--limit-)\Q$name\E` \| ([\d]+) /m;
    push @wrong, "$name: $value, documented " . ($said // 'not') if !defined $said || $said != $value;
}
is_deeply(\@wrong, [], 'the defaults of the limits are documented');

# --- README ---

my $readme = slurp('README.md');
for my $link ($readme =~ /\]\(([^)#:]+)\)/g) {
    ok(-e $link, "README's $link is there");
}
for my $path ($readme =~ /^\| [^|]+ \| `([\w\/.]+)`(?: \(`\w+`\))? \|$/mg) {
    ok(-e $path, "README's table: $path");
}
my (undef, $help) = capture("$Pacs::B/pacs", '--help');
for my $command ($readme =~ /\bpacs (import|reindex|verify|delete|conflicts|worklist|phantom)\b/g) {
    like($help, qr/^  $command\b/m, "pacs $command is in --help");
}
for my $program (qw(pacs pacs-listener pacs-codec)) {
    my ($rc, $out) = capture("$Pacs::B/$program", '--help');
    is($rc, 0, "$program --help");
    like($out, qr/usage/i, '... says how it is used');
    ($rc, $out) = capture("$Pacs::B/$program", '--no-such-option');
    isnt($rc, 0, "$program refuses an unknown option");
}

# README's examples run
my $pacs = Pacs->new;
my ($sample) = native();
my ($block) = $readme =~ /for example:\n\n((?:    .*\n)+)/;
ok($block, "README's examples were found");
for my $line (split /\n/, $block) {
    $line =~ s/^\s+//;
    SKIP: {
        skip "no sample files for: $line", 1 if $line =~ /image\.dcm|folder/ && !$sample;
        $line =~ s/11112/$pacs->{dimse}/;
        $line =~ s/:8080/:$pacs->{port}/;
        $line =~ s/image\.dcm|\/folder\/of\/dicom/$sample/;
        $line =~ s/--home run/--home $pacs->{home}/;
        $line =~ s/\.\/build/$Pacs::B/;
        my ($rc, $out) = capture('sh', '-c', $line);
        is($rc, 0, "README: $line") or diag $out;
    }
}
$pacs->shutdown;

done_testing;
