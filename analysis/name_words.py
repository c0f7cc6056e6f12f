"""Words that tell a person's name from another: businesses, makes and labels; and names that are also words."""

# what a dealership or a make has in its name; what a product or a team has, and what stands where no name was given
BUSINESS_WORDS = (
    "auto autos automotive automobile automobiles motor motors motorcars car cars cartown truck trucks group "
    "groupe grupo inc llc ltd co corp company dealer dealers dealership dealerships store stores service services "
    "center centre sales collision body shop garage fleet leasing rental imports superstore mall plaza ford "
    "chevrolet chevy gmc cadillac buick dodge ram jeep chrysler fiat toyota lexus scion honda acura nissan "
    "infiniti mazda subaru mitsubishi hyundai kia genesis volkswagen vw audi porsche bmw mini mercedes benz "
    "mercedes-benz volvo saab jaguar land rover tesla lincoln mercury pontiac tekion cdk xtime mykaarma fortellis "
    "dealer-fx"
)
NO_NAMES = (
    "pam jira team support desk api app portal system systems integration account id number no unknown none null "
    "na n/a see same all any multiple various several anonymous walk-in test tbd not yes blank empty missing "
    "redacted hidden masked customer client guest caller cust cliente name names phone email says said called "
    "calls reports reported reporting wants wanted asked asks complains complained states stated care pay facing "
    "experience success both two three many some new existing old error status undefined default string true "
    "false appointment booking ro dms the a an this that it they he she we i you please when after before since "
    "chrome firefox safari edge postman windows android ios iphone web mobile soap rest http json xml java python "
    "node go curl oauth first last full vip loyalty retail warranty internal required optional mandatory too must "
    "cannot wrong everywhere firstname lastname fullname walk in bdc gm lead manager mgr advisor owner"
)
# alone they are taken for the word
NAMES_AND_WORDS = (
    "will mark may june april august rose grace hope summer summers bill art chase drew frank grant jack rob sue "
    "pat faith joy dawn page price white black brown green gray grey young long short king day west north south "
    "east street field fields park parks wood woods hill hills stone rice cook baker bell bank banks case chance "
    "love moon well wells lane law lord major good best early self sharp strong swift small little free french "
    "english german holiday winter spring christian guy ray ward carter bush reed read ball rich dean penny sandy "
    "crystal amber star sky storm rain snow gore pope knight bishop church cross post link links key keys locke "
    "lock gates gate house home mills lamb wolf fox bird fish hand head foot legge walker porter carpenter mason "
    "taylor turner weaver miller smith fisher hunter farmer shepherd marshall judge"
)
PARTICLE_WORDS = "de del la van der den von da do dos di el al bin los las san"
BUSINESSES = frozenset(BUSINESS_WORDS.split())
NOBODY = BUSINESSES.union(NO_NAMES.split())
WORDS_TOO = frozenset(NAMES_AND_WORDS.split())
PARTICLES = frozenset(PARTICLE_WORDS.split())
