"""The languages espeak-ng speaks, under readable names, with a sentence to hear each by.

Left out: invented and rewritten languages that need an alphabet nobody types, espeak-ng's own test language,
and those whose dictionary in the package says nothing (Faroese, Karakalpak).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from lipsync.speech.errors import UnknownLanguage

COUNTING = "1, 2, 3, 4, 5, 6, 7."
"""Read out in any language: the sample of those without a sentence of their own."""


class Language(NamedTuple):
    """A language or dialect. ``id`` is espeak-ng's; ``tag`` is BCP 47."""

    id: str
    tag: str
    name: str
    sample: str = COUNTING


LANGUAGES: tuple[Language, ...] = (
    Language("en-us", "en-US", "English (America)", "Hello! Give me a face, and I will speak for it."),
    Language("en", "en-GB", "English (Britain)", "Hello! Give me a face, and I will speak for it."),
    Language(
        "en-gb-x-rp", "en-GB", "English (Received Pronunciation)", "Hello! Give me a face, and I will speak."
    ),
    Language(
        "en-gb-scotland", "en-GB", "English (Scotland)", "Hello! Give me a face, and I will speak for it."
    ),
    Language(
        "en-gb-x-gbclan", "en-GB", "English (Lancaster)", "Hello! Give me a face, and I will speak for it."
    ),
    Language(
        "en-gb-x-gbcwmd", "en-GB", "English (West Midlands)", "Hello! Give me a face, and I will speak."
    ),
    Language(
        "en-us-nyc", "en-US", "English (New York City)", "Hello! Give me a face, and I will speak for it."
    ),
    Language("en-029", "en-029", "English (Caribbean)", "Hello! Give me a face, and I will speak for it."),
    Language("af", "af", "Afrikaans", "Hallo! Gee my 'n gesig en ek sal daarvoor praat."),
    Language("sq", "sq", "Albanian", "Përshëndetje! Ky është zëri im."),
    Language("am", "am", "Amharic", "ሰላም! ይህ የእኔ ድምፅ ነው።"),
    Language("ar", "ar", "Arabic", "مرحبا! هذا صوتي. كيف حالك اليوم؟"),
    Language("an", "an", "Aragonese"),
    Language("hy", "hy", "Armenian (Eastern)", "Բարև ձեզ։ Սա իմ ձայնն է։"),
    Language("hyw", "hyw", "Armenian (Western)", "Բարեւ ձեզ։ Այս իմ ձայնս է։"),
    Language("as", "as", "Assamese", "নমস্কাৰ! এয়া মোৰ কণ্ঠ।"),
    Language("az", "az", "Azerbaijani", "Salam! Bu mənim səsimdir."),
    Language("ba", "ba", "Bashkir"),
    Language("eu", "eu", "Basque", "Kaixo! Hau da nire ahotsa."),
    Language("be", "be", "Belarusian", "Прывітанне! Гэта мой голас."),
    Language("bn", "bn", "Bengali", "নমস্কার! এটি আমার কণ্ঠস্বর। আজ কেমন আছেন?"),
    Language("bpy", "bpy", "Bishnupriya Manipuri"),
    Language("bs", "bs", "Bosnian", "Zdravo! Ovo je moj glas."),
    Language("bg", "bg", "Bulgarian", "Здравейте! Това е моят глас."),
    Language("my", "my", "Burmese", "မင်္ဂလာပါ။"),
    Language("yue", "yue", "Cantonese", "你好！呢個係我把聲。"),
    Language("ca", "ca", "Catalan", "Hola! Aquesta és la meva veu."),
    Language("ca-ba", "ca", "Catalan (Balearic)", "Hola! Aquesta és la meva veu."),
    Language("ca-nw", "ca", "Catalan (North-western)", "Hola! Aquesta és la meva veu."),
    Language("ca-va", "ca-valencia", "Catalan (Valencian)", "Hola! Esta és la meua veu."),
    Language("chr", "chr", "Cherokee", "ᎣᏏᏲ!"),
    Language("cmn", "zh-CN", "Chinese (Mandarin)", "你好！这是我的声音。今天过得怎么样？"),
    Language("cv", "cv", "Chuvash", "Салам! Ку манӑн сасӑ."),
    Language("hr", "hr", "Croatian", "Bok! Ovo je moj glas."),
    Language("cs", "cs", "Czech", "Dobrý den! Toto je můj hlas."),
    Language("da", "da", "Danish", "Hej! Dette er min stemme."),
    Language("nl", "nl", "Dutch", "Hallo! Geef mij een gezicht en ik spreek ervoor."),
    Language("eo", "eo", "Esperanto", "Saluton! Ĉi tio estas mia voĉo."),
    Language("et", "et", "Estonian", "Tere! See on minu hääl."),
    Language("fi", "fi", "Finnish", "Hei! Tämä on minun ääneni."),
    Language("fr", "fr-FR", "French (France)", "Bonjour ! Donnez-moi un visage, et je parlerai pour lui."),
    Language(
        "fr-be", "fr-BE", "French (Belgium)", "Bonjour ! Donnez-moi un visage, et je parlerai pour lui."
    ),
    Language("fr-ch", "fr-CH", "French (Switzerland)", "Bonjour ! Donnez-moi un visage, et je parlerai."),
    Language("gd", "gd", "Gaelic (Scottish)", "Halò! Seo mo ghuth."),
    Language("ka", "ka", "Georgian", "გამარჯობა! ეს ჩემი ხმაა."),
    Language("de", "de", "German", "Hallo! Gib mir ein Gesicht, und ich spreche für dich."),
    Language("el", "el", "Greek", "Γεια σας! Αυτή είναι η φωνή μου."),
    Language("grc", "grc", "Greek (Ancient)", "Χαῖρε!"),
    Language("kl", "kl", "Greenlandic", "Aluu! Qanoq ippit?"),
    Language("gn", "gn", "Guarani"),
    Language("gu", "gu", "Gujarati", "નમસ્તે! આ મારો અવાજ છે."),
    Language("ht", "ht", "Haitian Creole", "Bonjou! Sa a se vwa mwen."),
    Language("hak", "hak", "Hakka Chinese"),
    Language("haw", "haw", "Hawaiian", "Aloha! ʻO kēia koʻu leo."),
    Language("he", "he", "Hebrew", "שלום! זה הקול שלי."),
    Language("hi", "hi", "Hindi", "नमस्ते! यह मेरी आवाज़ है। आज आप कैसे हैं?"),
    Language("hu", "hu", "Hungarian", "Jó napot! Ez az én hangom."),
    Language("is", "is", "Icelandic", "Góðan dag! Þetta er röddin mín."),
    Language("io", "io", "Ido"),
    Language("id", "id", "Indonesian", "Halo! Ini suara saya. Apa kabar hari ini?"),
    Language("ia", "ia", "Interlingua", "Bon die! Isto es mi voce."),
    Language("ga", "ga", "Irish", "Dia duit! Seo é mo ghuth."),
    Language("it", "it", "Italian", "Ciao! Dammi un volto e parlerò per lui."),
    Language("ja", "ja", "Japanese", "こんにちは。これはわたしのこえです。"),
    Language("kn", "kn", "Kannada", "ನಮಸ್ಕಾರ! ಇದು ನನ್ನ ಧ್ವನಿ."),
    Language("kk", "kk", "Kazakh", "Сәлем! Бұл менің дауысым."),
    Language("quc", "quc", "K'iche'"),
    Language("kok", "kok", "Konkani"),
    Language("ko", "ko", "Korean", "안녕하세요! 이것은 제 목소리입니다."),
    Language("ku", "ku", "Kurdish", "Silav! Ev dengê min e."),
    Language("ky", "ky", "Kyrgyz", "Салам! Бул менин үнүм."),
    Language("ltg", "ltg", "Latgalian"),
    Language("la", "la", "Latin", "Salve! Haec est vox mea."),
    Language("lv", "lv", "Latvian", "Sveiki! Šī ir mana balss."),
    Language("lfn", "lfn", "Lingua Franca Nova", "Bon dia! Esta es mea vose."),
    Language("lt", "lt", "Lithuanian", "Labas! Tai mano balsas."),
    Language("jbo", "jbo", "Lojban", "coi ro do. mi tavla do."),
    Language("smj", "smj", "Lule Saami"),
    Language("lb", "lb", "Luxembourgish", "Moien! Dat hei ass meng Stëmm."),
    Language("mk", "mk", "Macedonian", "Здраво! Ова е мојот глас."),
    Language("ms", "ms", "Malay", "Helo! Ini suara saya."),
    Language("ml", "ml", "Malayalam", "നമസ്കാരം! ഇത് എന്റെ ശബ്ദമാണ്."),
    Language("mt", "mt", "Maltese", "Bonġu! Dan huwa leħni."),
    Language("mi", "mi", "Māori", "Kia ora! Ko tōku reo tēnei."),
    Language("mr", "mr", "Marathi", "नमस्कार! हा माझा आवाज आहे."),
    Language("mto", "mto", "Mixe (Totontepec)"),
    Language("nci", "nci", "Nahuatl (Classical)"),
    Language("ne", "ne", "Nepali", "नमस्ते! यो मेरो आवाज हो।"),
    Language("nog", "nog", "Nogai"),
    Language("nb", "nb", "Norwegian (Bokmål)", "Hei! Dette er stemmen min."),
    Language("or", "or", "Odia", "ନମସ୍କାର! ଏହା ମୋର ସ୍ୱର।"),
    Language("om", "om", "Oromo", "Akkam! Kun sagalee koo ti."),
    Language("pap", "pap", "Papiamento", "Bon dia! Esaki ta mi stem."),
    Language("fa", "fa", "Persian", "سلام! این صدای من است."),
    Language("fa-latn", "fa-Latn", "Persian (in Latin letters)", "salam!"),
    Language("pl", "pl", "Polish", "Dzień dobry! To jest mój głos."),
    Language("pt-br", "pt-BR", "Portuguese (Brazil)", "Olá! Me dê um rosto e eu falarei por ele."),
    Language("pt", "pt-PT", "Portuguese (Portugal)", "Olá! Dê-me um rosto e eu falarei por ele."),
    Language("pa", "pa", "Punjabi", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ! ਇਹ ਮੇਰੀ ਆਵਾਜ਼ ਹੈ।"),
    Language("qu", "qu", "Quechua", "Allinllachu!"),
    Language("qya", "qya", "Quenya"),
    Language("ro", "ro", "Romanian", "Bună ziua! Aceasta este vocea mea."),
    Language("ru", "ru", "Russian", "Здравствуйте! Это мой голос. Как ваши дела?"),
    Language("ru-cl", "ru", "Russian (Classic)", "Здравствуйте! Это мой голос."),
    Language("ru-lv", "ru-LV", "Russian (Latvia)", "Здравствуйте! Это мой голос."),
    Language("sr", "sr", "Serbian", "Здраво! Ово је мој глас."),
    Language("tn", "tn", "Setswana", "Dumela! Le ke lentswe la me."),
    Language("shn", "shn", "Shan"),
    Language("sd", "sd", "Sindhi", "سلام! هي منهنجو آواز آهي."),
    Language("sjn", "sjn", "Sindarin", "Mae govannen!"),
    Language("si", "si", "Sinhala", "ආයුබෝවන්! මේ මගේ හඬයි."),
    Language("sk", "sk", "Slovak", "Dobrý deň! Toto je môj hlas."),
    Language("sl", "sl", "Slovenian", "Pozdravljeni! To je moj glas."),
    Language("es", "es-ES", "Spanish (Spain)", "¡Hola! Dame una cara y hablaré por ella."),
    Language("es-419", "es-419", "Spanish (Latin America)", "¡Hola! Dame una cara y hablaré por ella."),
    Language("sw", "sw", "Swahili", "Habari! Hii ni sauti yangu."),
    Language("sv", "sv", "Swedish", "Hej! Det här är min röst."),
    Language("ta", "ta", "Tamil", "வணக்கம்! இது என் குரல்."),
    Language("tt", "tt", "Tatar", "Сәлам! Бу минем тавышым."),
    Language("te", "te", "Telugu", "నమస్కారం! ఇది నా స్వరం."),
    Language("th", "th", "Thai", "สวัสดี นี่คือเสียงของฉัน"),
    Language("ti", "ti", "Tigrinya", "ሰላም!"),
    Language("tr", "tr", "Turkish", "Merhaba! Bu benim sesim. Bugün nasılsınız?"),
    Language("tk", "tk", "Turkmen", "Salam! Bu meniň sesim."),
    Language("uk", "uk", "Ukrainian", "Вітаю! Це мій голос."),
    Language("ur", "ur", "Urdu", "السلام علیکم! یہ میری آواز ہے۔"),
    Language("ug", "ug", "Uyghur", "ياخشىمۇسىز!"),
    Language("uz", "uz", "Uzbek", "Salom! Bu mening ovozim."),
    Language("vi", "vi", "Vietnamese (Northern)", "Xin chào! Đây là giọng nói của tôi."),
    Language("vi-vn-x-central", "vi", "Vietnamese (Central)", "Xin chào! Đây là giọng nói của tôi."),
    Language("vi-vn-x-south", "vi", "Vietnamese (Southern)", "Xin chào! Đây là giọng nói của tôi."),
    Language("cy", "cy", "Welsh", "Helo! Dyma fy llais i."),
)


@cache
def _languages_by_name() -> dict[str, Language]:
    by_id = {language.id.lower(): language for language in LANGUAGES}
    # Dialects share a tag; the plainest comes first in the list.
    by_tag = {language.tag.lower(): language for language in reversed(LANGUAGES)}
    return by_id | by_tag


def find_language(name: str) -> Language:
    """The language with this BCP 47 tag, such as en-GB, or espeak-ng's id. Raises UnknownLanguage."""
    try:
        return _languages_by_name()[name.lower()]
    except KeyError:
        raise UnknownLanguage(
            f"There is no language called {name[:80]!r}; give a tag such as en-US, de or pt-BR."
        ) from None
