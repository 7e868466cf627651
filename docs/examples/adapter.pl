#!/usr/bin/env perl
# An adapter in another language: magnitude and Wanda in Perl, over stdin and stdout.
# docs/protocol.md says what is spoken. Needs Perl 5.22 or later, and nothing else.
use strict;
use warnings;
use JSON::PP;
use POSIX qw(strtod);

my $json = JSON::PP->new->utf8->canonical;
my %calls = (
    describe => sub { return { name => 'perl-example', version => '1.0' } },
    score    => \&score,
);

$| = 1;    # each answer at once
while (my $line = <STDIN>) {
    my $request = $json->decode($line);
    my $call    = $calls{ $request->{call} };
    my %reply   = (id => $request->{id});
    if (!$call) {
        $reply{unsupported} = "no $request->{call}";
    }
    elsif (!eval { $reply{answer} = $call->($request); 1 }) {
        my ($error) = $@ =~ /(.*)/;
        if ($error =~ /^unsupported: (.*?) at /) { $reply{unsupported} = $1 }
        else { $reply{error} = { type => 'ValueError', message => $error } }
    }
    print $json->encode(\%reply), "\n";
}

sub score {
    my ($request) = @_;
    my $method = $request->{method};
    die "unsupported: $method" if $method ne 'magnitude' && $method ne 'wanda';
    my ($out, $in, @weight) = matrix('weight', $request->{weight});
    my @factor = (1) x $in;
    if ($method eq 'wanda') {
        my $alpha = $request->{parameters}{alpha} // 1;
        @factor = map { $_**$alpha } norms($in, $request->{inputs});
    }
    # Weights lie row by row, so that the input changes fastest.
    my @score = map { abs($weight[$_]) * $factor[ $_ % $in ] } 0 .. $#weight;
    return { dtype => 'float64', shape => [ $out, $in ], values => [ map { hex_float($_) } @score ] };
}

sub norms {
    my ($in, $inputs) = @_;
    my ($tokens, $width, @x) = matrix('inputs', $inputs);
    die "inputs must have $in features, got $width\n" if $width != $in;
    my @sum = (0) x $in;
    $sum[ $_ % $in ] += $x[$_]**2 for 0 .. $#x;
    return map { sqrt } @sum;
}

sub matrix {
    my ($name, $tensor) = @_;
    my @numbers = map { (strtod($_))[0] } @{ $tensor->{values} };
    die "$name must be finite\n" if grep { $_ != $_ || abs($_) == 9**9**9 } @numbers;
    die "$name must be a matrix\n" if @{ $tensor->{shape} } != 2;
    return (@{ $tensor->{shape} }, @numbers);
}

sub hex_float { return sprintf '%a', $_[0] }
